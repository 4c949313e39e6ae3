/** What the routes answer whose JSON the server's description does not type. Instants are ISO texts. */

export const STATES = [
  "CREATED",
  "SUBMITTED",
  "QUEUED",
  "RESTARTED",
  "RUNNING",
  "PAUSED",
  "RETRYING",
  "KILLING",
  "SUCCESS",
  "WARNING",
  "FAILED",
  "KILLED",
  "CANCELLED",
  "RETRIED",
  "SKIPPED",
] as const;
export type State = (typeof STATES)[number];

const ENDED: ReadonlySet<string> = new Set<State>([
  "SUCCESS",
  "WARNING",
  "FAILED",
  "KILLED",
  "CANCELLED",
  "RETRIED",
  "SKIPPED",
]);
export const hasEnded = (state: string): boolean => ENDED.has(state);

export interface StateHistory {
  current: State;
  histories: readonly { state: State; date: string }[];
  /** ISO duration; of what still runs it is as of the last change. */
  duration: string;
  startDate: string;
  endDate?: string;
}

export interface Attempt {
  state: StateHistory;
  metrics?: readonly Metric[];
}

export interface TaskRun {
  id: string;
  executionId: string;
  namespace: string;
  flowId: string;
  taskId: string;
  parentTaskRunId?: string;
  value?: string;
  iteration?: number;
  attempts?: readonly Attempt[];
  outputs?: Record<string, unknown> | null;
  state: StateHistory;
  /** What else a search was asked to tell of it. */
  columns?: Readonly<Record<string, unknown>>;
}

export interface AttemptDetails {
  number: number;
  state: State;
  workerId?: string;
  queuedAt?: string;
  startedAt?: string;
  endedAt?: string;
  queueMs?: number;
  runMs?: number;
  logCount?: number;
  error?: string;
  /** As rendered for this attempt, secrets masked. */
  inputs?: Record<string, unknown>;
}

export interface TaskRunDetails {
  attempts: readonly AttemptDetails[];
  inputs?: Record<string, unknown>;
  metrics?: readonly Metric[];
  parents?: readonly { id: string; taskId: string; value?: string; iteration?: number }[];
  labels?: readonly Label[];
  error?: string;
  errorFingerprint?: string;
  taskType?: string;
  flowRevision?: number;
  triggerExecutionId?: string;
  queueMs?: number;
  runMs?: number;
  seq?: number;
  baselineMs?: number;
  slowdown?: number;
  overdueAt?: string;
}

export interface Label {
  key: string;
  value: string;
}

export interface Execution {
  id: string;
  namespace: string;
  flowId: string;
  flowRevision: number;
  taskRunList?: readonly TaskRun[];
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  labels?: readonly Label[];
  variables?: Record<string, unknown>;
  state: StateHistory;
  parentId?: string;
  originalId?: string;
  trigger?: { id: string; type: string; variables?: Record<string, unknown> };
  scheduleDate?: string;
}

export const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"] as const;
export type Level = (typeof LEVELS)[number];

export interface LogLine {
  namespace?: string;
  flowId?: string;
  taskId?: string;
  executionId?: string;
  taskRunId?: string;
  attemptNumber?: number;
  triggerId?: string;
  timestamp: string;
  level: Level;
  thread?: string;
  message: string;
}

export interface Metric {
  type: string;
  name: string;
  /** A timer's is an ISO duration. */
  value: number | string;
  timestamp?: string;
  attempt?: number;
  taskId?: string;
  taskRunId?: string;
  tags?: Record<string, string>;
}

/** How fresh an answer is. */
export interface AsOf {
  token: string;
  behindMs: number;
  at: string;
}

export interface Paged<Row> {
  results: readonly Row[];
  total: number;
  totalIsExact?: boolean;
  /** Asks for what follows; absent at the end, and on servers that page by number only. */
  next?: string | null;
  asOf?: AsOf;
}

export type Kind = "taskruns" | "executions" | "logs" | "flows" | "triggers" | "metrics";

export interface QueryField {
  name: string;
  type: string;
  aliases?: readonly string[];
  description?: string;
  operators?: readonly string[];
  sortable?: boolean;
  /** Its name in documents: what is sorted by and counted by. */
  sort?: string;
  examples?: readonly string[];
  values?: readonly string[];
}

export interface QueryCheck {
  ok: boolean;
  error?: { message: string; column?: number };
  chips?: readonly { field: string; op: string; value: string; negated: boolean; text: string }[];
}

export interface Facets {
  total: number;
  facets: Record<string, { values: readonly { value: string; count: number }[]; other: number }>;
  asOf?: AsOf;
}

export interface Bucket {
  start: string;
  count?: number;
  counts: Partial<Record<State, number>>;
  durationMs?: { avg?: number | null; p50?: number | null; p95?: number | null } | null;
}

export interface Histogram {
  /** ISO duration of one bucket. */
  interval: string;
  buckets: readonly Bucket[];
  asOf?: AsOf;
}

export interface Figures {
  count: number;
  min: number | null;
  avg: number | null;
  p50: number | null;
  p90: number | null;
  p95: number | null;
  p99: number | null;
  max: number | null;
}

export interface GroupFigures {
  key: Record<string, string>;
  count: number;
  failed: number;
  failureRate: number;
  retried: number;
  runMs?: Figures;
  queueMs?: Figures;
  baselineMs?: number | null;
  /** The median of run time by what was usual. */
  slowdown?: number | null;
  /** Of errors that are the same, the text of one. */
  sample?: string;
}

export interface Statistics {
  groups: readonly GroupFigures[];
  total: Omit<GroupFigures, "key">;
  other: { groups: number; count: number; failed: number; retried: number };
  isComplete: boolean;
  asOf?: AsOf;
}

/** A search with a name. */
export interface View {
  id: string;
  name: string;
  page: string;
  query: string;
  owner?: string;
  columns: readonly string[];
  sort?: string;
  timeRange?: string;
  chart: boolean;
  description?: string;
  builtIn: boolean;
}

/** One transition of an execution: which claim led to it, and what it changed. */
export interface ExecutionEvent {
  seq: number;
  at: string;
  cause: { id: string; type?: string; taskRunId?: string; by?: string; note?: string };
  facts: readonly ({ type: string } & Record<string, unknown>)[];
}

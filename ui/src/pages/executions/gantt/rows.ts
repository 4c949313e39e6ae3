/**
 * From task runs to the rows of a gantt: a tree of tasks, loops with their iterations, and for each row its bars.
 *
 * A bar is a stretch of one state: waiting for a worker, running (an attempt), waiting for a retry, paused. The
 * times of a task run are read once, as long as it stays the same object.
 */
import { hasEnded, type State, type TaskRun } from "~/api/types";

export type BarKind = "waits" | "runs" | "retries" | "paused";

export interface Bar {
  kind: BarKind;
  from: number;
  /** null: it goes on. */
  to: number | null;
  /** What it is coloured by: how it ended, or what it is in now. */
  state: State;
  /** From 1; only of what runs and is no flowable. */
  attempt?: number;
}

export interface Row {
  id: string;
  depth: number;
  kind: "taskrun" | "iteration";
  title: string;
  /** Of a loop: which value, or which round. */
  value?: string;
  /** The newest of an iteration's is for its state and nothing else. */
  run: TaskRun;
  state: State;
  bars: readonly Bar[];
  from: number;
  to: number | null;
  attempts: number;
  isOpen: boolean;
  hasChildren: boolean;
  /** How many task runs are below, by state: of loops, and of what is folded. */
  counts?: ReadonlyMap<State, number>;
}

export interface Folding {
  /** What is not told otherwise: everything open, everything folded, or loops of many folded. */
  all: "auto" | "open" | "folded";
  /** Rows that are the other way round. */
  turned: ReadonlySet<string>;
}

const FOLDED_FROM = 12;

interface Times {
  bars: readonly Bar[];
  from: number;
  to: number | null;
  attempts: number;
}

const known = new WeakMap<TaskRun, Times>();

export function timesOf(run: TaskRun): Times {
  let times = known.get(run);
  if (times === undefined) {
    times = readTimes(run);
    known.set(run, times);
  }
  return times;
}

/** Milliseconds with their fraction, which dates of JavaScript drop: tasks of half a millisecond have a width, too. */
function instantMs(text: string): number {
  const point = text.indexOf(".");
  const finer = point < 0 ? "" : text.slice(point + 4, text.length - 1);
  return Date.parse(text) + (finer === "" ? 0 : Number(`0.${finer}`) || 0);
}

const KINDS: Partial<Record<State, BarKind>> = {
  CREATED: "waits",
  SUBMITTED: "waits",
  QUEUED: "waits",
  RESTARTED: "waits",
  RUNNING: "runs",
  KILLING: "runs",
  PAUSED: "paused",
  RETRYING: "retries",
};

function readTimes(run: TaskRun): Times {
  const histories = run.state.histories;
  const isWorked = run.attempts !== undefined;
  const bars: Bar[] = [];
  let attempts = 0;
  for (let at = 0; at < histories.length; at++) {
    const { state, date } = histories[at]!;
    const kind = KINDS[state];
    if (kind === undefined) continue;
    const next = histories[at + 1];
    const from = instantMs(date);
    const to = next === undefined ? null : instantMs(next.date);
    if (kind === "waits" && to !== null && to - from < 0.05) continue;
    if (kind === "runs") {
      if (state === "RUNNING") attempts += 1;
      bars.push({ kind, from, to, state: next?.state ?? state, ...(isWorked && { attempt: attempts }) });
    } else bars.push({ kind, from, to, state });
  }
  const last = histories.at(-1)!;
  return {
    bars,
    from: instantMs(histories[0]!.date),
    to: hasEnded(last.state) ? instantMs(last.date) : null,
    attempts: run.attempts?.length ?? 0,
  };
}

/** The task runs as a tree: who is below whom, in their order; and what an iteration holds. */
export interface Tree {
  roots: readonly TaskRun[];
  children: ReadonlyMap<string, readonly TaskRun[]>;
}

export function treeOf(runs: readonly TaskRun[]): Tree {
  const ids = new Set(runs.map((run) => run.id));
  const roots: TaskRun[] = [];
  const children = new Map<string, TaskRun[]>();
  for (const run of runs) {
    const parent = run.parentTaskRunId;
    if (parent === undefined || !ids.has(parent)) roots.push(run);
    else {
      const list = children.get(parent);
      if (list === undefined) children.set(parent, [run]);
      else list.push(run);
    }
  }
  return { roots, children };
}

const roundOf = (run: TaskRun): string | undefined =>
  run.value ?? (run.iteration === undefined ? undefined : String(run.iteration));

/** What runs below a row, an iteration for each value that several tasks share. */
function below(parent: TaskRun, tree: Tree): readonly (TaskRun | readonly TaskRun[])[] {
  const runs = tree.children.get(parent.id) ?? [];
  if (runs.length < 2 || roundOf(runs[0]!) === undefined) return runs;
  const rounds = new Map<string, TaskRun[]>();
  for (const run of runs) {
    const key = `${run.value ?? ""}\n${run.iteration ?? ""}`;
    const list = rounds.get(key);
    if (list === undefined) rounds.set(key, [run]);
    else list.push(run);
  }
  return rounds.size === runs.length ? runs : [...rounds.values()];
}

const SEVERITY: readonly State[] = [
  "FAILED",
  "KILLED",
  "KILLING",
  "RETRYING",
  "PAUSED",
  "RUNNING",
  "QUEUED",
  "SUBMITTED",
  "CREATED",
  "RESTARTED",
  "WARNING",
  "CANCELLED",
  "RETRIED",
  "SUCCESS",
  "SKIPPED",
];
const worst = (runs: readonly TaskRun[]): State =>
  SEVERITY.find((state) => runs.some((run) => run.state.current === state)) ?? runs[0]!.state.current;

export function rowsOf(tree: Tree, folding: Folding): Row[] {
  const rows: Row[] = [];
  const counted = new Map<string, Map<State, number>>();
  const isOpen = (id: string, count: number) => {
    const normally =
      folding.all === "open" || (folding.all === "auto" && count <= FOLDED_FROM && rows.length < 2_000);
    return folding.turned.has(id) !== normally;
  };
  const addRun = (run: TaskRun, depth: number, inIteration: boolean) => {
    const times = timesOf(run);
    const inner = below(run, tree);
    const open = inner.length > 0 && isOpen(run.id, inner.length);
    const loops = inner.length > 0 && roundOf(tree.children.get(run.id)![0]!) !== undefined;
    rows.push({
      ...times,
      id: run.id,
      depth,
      kind: "taskrun",
      title: run.taskId,
      value: inIteration ? undefined : roundOf(run),
      run,
      state: run.state.current,
      isOpen: open,
      hasChildren: inner.length > 0,
      counts: loops || (inner.length > 0 && !open) ? countsOf(run.id, tree, counted) : undefined,
    });
    if (open) addAll(run.id, inner, depth + 1);
  };
  const addAll = (parentId: string, all: readonly (TaskRun | readonly TaskRun[])[], depth: number) => {
    for (const each of all) {
      if (isList(each)) addIteration(parentId, each, depth);
      else addRun(each, depth, false);
    }
  };
  const addIteration = (parentId: string, runs: readonly TaskRun[], depth: number) => {
    const value = roundOf(runs[0]!) ?? "";
    const id = `${parentId}/${value}`;
    const times = runs.map(timesOf);
    const from = Math.min(...times.map((each) => each.from));
    const to = times.some((each) => each.to === null) ? null : Math.max(...times.map((each) => each.to ?? 0));
    const state = worst(runs);
    const open = isOpen(id, runs.length);
    rows.push({
      id,
      depth,
      kind: "iteration",
      title: value,
      run: runs[0]!,
      state,
      bars: [{ kind: "runs", from, to, state }],
      from,
      to,
      attempts: 0,
      isOpen: open,
      hasChildren: true,
      counts: open ? undefined : countsOf(id, tree, counted, runs),
    });
    if (open) for (const run of runs) addRun(run, depth + 1, true);
  };
  for (const run of tree.roots) addRun(run, 0, false);
  return rows;
}

const isList = (each: TaskRun | readonly TaskRun[]): each is readonly TaskRun[] => Array.isArray(each);

function countsOf(
  id: string,
  tree: Tree,
  counted: Map<string, Map<State, number>>,
  runs = tree.children.get(id) ?? [],
): Map<State, number> {
  const found = counted.get(id);
  if (found !== undefined) return found;
  const counts = new Map<State, number>();
  counted.set(id, counts);
  for (const run of runs) {
    if (!tree.children.has(run.id)) counts.set(run.state.current, (counts.get(run.state.current) ?? 0) + 1);
    else
      for (const [state, count] of countsOf(run.id, tree, counted))
        counts.set(state, (counts.get(state) ?? 0) + count);
  }
  return counts;
}

/** Every row that has to be open for a task run to be seen. */
export function wayTo(id: string, runs: readonly TaskRun[]): string[] {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const way: string[] = [];
  for (let run = byId.get(id); run?.parentTaskRunId !== undefined; run = byId.get(run.parentTaskRunId)) {
    const round = roundOf(run);
    if (round !== undefined) way.push(`${run.parentTaskRunId}/${round}`);
    way.push(run.parentTaskRunId);
  }
  return way;
}

/** The rows that fit words, with what they are in left out: a flat list. */
export function found(runs: readonly TaskRun[], words: string, states: ReadonlySet<string>): TaskRun[] {
  const needle = words.trim().toLowerCase();
  return runs.filter(
    (run) =>
      (states.size === 0 || states.has(run.state.current)) &&
      (needle === "" ||
        run.taskId.toLowerCase().includes(needle) ||
        run.id.toLowerCase() === needle ||
        (run.value?.toLowerCase().includes(needle) ?? false)),
  );
}

/** Steps of an axis, in milliseconds: the first that leaves room for its words. */
const STEPS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
  600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000, 172_800_000,
  604_800_000, 2_592_000_000, 31_536_000_000,
];

export function ticksOf(from: number, to: number, most: number): { step: number; ticks: number[] } {
  const step =
    STEPS_MS.find((each) => (to - from) / each <= Math.max(1, most)) ?? STEPS_MS[STEPS_MS.length - 1]!;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
  return { step, ticks };
}

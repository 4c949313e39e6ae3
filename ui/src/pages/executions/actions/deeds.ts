/** What can be done to an execution: when, in which words, by which request. */
import {
  CirclePlay,
  CircleStop,
  FastForward,
  ListEnd,
  type LucideIcon,
  Pause,
  RotateCcw,
  RotateCw,
  Shuffle,
  Tags,
  Trash2,
} from "lucide-react";
import { post, send } from "~/api/client";
import { executionPath } from "~/api/executions";
import { type Execution, hasEnded, type Label } from "~/api/types";

export type DeedId =
  | "resume"
  | "restart"
  | "replay"
  | "kill"
  | "pause"
  | "unqueue"
  | "force-run"
  | "change-status"
  | "labels"
  | "delete";

export interface Choice {
  note: string;
  /** null: the revision that it has. */
  revision: number | null;
  taskRunId: string;
  status: string;
  cascade: boolean;
  labels: readonly Label[];
  form: FormData;
  deleteLogs: boolean;
  deleteMetrics: boolean;
  deleteStorage: boolean;
}

export interface Deed {
  id: DeedId;
  title: string;
  icon: LucideIcon;
  /** What it means, before it is done. */
  says: string;
  tone?: "danger";
  key?: string;
  can: (execution: Execution) => boolean;
  /** The execution that came of it, where there is a new one. */
  act: (execution: Execution, choice: Choice) => Promise<Execution | undefined>;
}

const isIn =
  (...states: string[]) =>
  (execution: Execution) =>
    states.includes(execution.state.current);
const ended = (execution: Execution) => hasEnded(execution.state.current);

async function simply(execution: Execution, verb: string, { note }: Choice): Promise<undefined> {
  await post(`${executionPath(execution.id)}/${verb}`, undefined, { note });
}

export const DEEDS: readonly Deed[] = [
  {
    id: "resume",
    title: "Resume",
    icon: CirclePlay,
    says: "The execution goes on after its pause.",
    key: "shift+u",
    can: isIn("PAUSED"),
    act: async (execution, { note, form }) => {
      await send("POST", `${executionPath(execution.id)}/resume`, form, { note });
      return undefined;
    },
  },
  {
    id: "restart",
    title: "Restart",
    icon: RotateCcw,
    says: "What failed or is paused runs again; what went well stays as it is.",
    key: "shift+r",
    can: (execution) =>
      (ended(execution) || execution.state.current === "PAUSED") &&
      (execution.taskRunList ?? []).some((run) => ["FAILED", "PAUSED"].includes(run.state.current)),
    act: (execution, { note, revision }) =>
      post<Execution>(`${executionPath(execution.id)}/restart`, undefined, { note, revision }),
  },
  {
    id: "replay",
    title: "Replay",
    icon: RotateCw,
    says: "A new execution with the same inputs: from the beginning, or from a task on with all outputs before it.",
    key: "shift+p",
    can: () => true,
    act: (execution, { note, revision, taskRunId }) =>
      post<Execution>(`${executionPath(execution.id)}/replay`, undefined, { note, revision, taskRunId }),
  },
  {
    id: "pause",
    title: "Pause",
    icon: Pause,
    says: "Nothing more is started; what runs goes on to its end.",
    can: isIn("RUNNING"),
    act: (execution, choice) => simply(execution, "pause", choice),
  },
  {
    id: "unqueue",
    title: "Unqueue",
    icon: ListEnd,
    says: "It runs now, whatever its flow's limit says.",
    can: isIn("QUEUED"),
    act: (execution, choice) => simply(execution, "unqueue", choice),
  },
  {
    id: "force-run",
    title: "Force run",
    icon: FastForward,
    says: "It runs now: out of the queue, past a pause, or started again where it hangs.",
    can: isIn("CREATED", "QUEUED", "PAUSED", "RESTARTED", "RETRYING", "RUNNING"),
    act: (execution, choice) => simply(execution, "force-run", choice),
  },
  {
    id: "change-status",
    title: "Change status",
    icon: Shuffle,
    says: "The execution is put into another state; its task runs stay as they are.",
    can: ended,
    act: async (execution, { note, status }) => {
      await post(`${executionPath(execution.id)}/change-status`, undefined, { note, status });
      return undefined;
    },
  },
  {
    id: "labels",
    title: "Edit labels",
    icon: Tags,
    says: "Values can be changed and labels added.",
    can: ended,
    act: async (execution, { note, labels }) => {
      await post(`${executionPath(execution.id)}/labels`, labels, { note });
      return undefined;
    },
  },
  {
    id: "kill",
    title: "Kill",
    icon: CircleStop,
    says: "What runs is interrupted, and nothing more is started.",
    tone: "danger",
    key: "shift+k",
    can: (execution) => !ended(execution),
    act: async (execution, { note, cascade }) => {
      await send("DELETE", `${executionPath(execution.id)}/kill`, undefined, {
        note,
        isOnKillCascade: cascade,
      });
      return undefined;
    },
  },
  {
    id: "delete",
    title: "Delete",
    icon: Trash2,
    says: "The execution and its task runs are deleted for good.",
    tone: "danger",
    can: ended,
    act: async (execution, { note, deleteLogs, deleteMetrics, deleteStorage }) => {
      await send("DELETE", executionPath(execution.id), undefined, {
        note,
        deleteLogs,
        deleteMetrics,
        deleteStorage,
      });
      return undefined;
    },
  },
];

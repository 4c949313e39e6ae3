/** What an event says, in words for people. */
import type { ExecutionEvent, Fact } from "~/api/events";
import type { State, TaskRun } from "~/api/types";

export interface Saying {
  text: string;
  state?: State;
}

export type NameOf = (taskRunId: string) => string;

export function nameOf(runs: readonly TaskRun[] | undefined): NameOf {
  const names = new Map(
    runs?.map((run) => [run.id, run.value === undefined ? run.taskId : `${run.taskId} ${run.value}`]),
  );
  return (id) => names.get(id) ?? `task run ${id.slice(0, 8)}`;
}

/** Who or what led to it: a person's wish, a worker, a timer. */
export function causeWords({ cause }: ExecutionEvent, name: NameOf): string {
  const of = cause.taskRunId === undefined ? "" : ` ${name(cause.taskRunId)}`;
  switch (cause.type) {
    case undefined:
      return /\.timer\./.test(cause.id) ? "A timer" : "What is no longer kept";
    case "Start":
      return "Start";
    case "TaskStarted":
      return `Worker began${of}`;
    case "TaskEnded":
      return `Worker ended${of}`;
    default:
      return `${spaced(cause.type)}${of}`;
  }
}

export const isPersons = ({ cause }: ExecutionEvent): boolean =>
  cause.type !== undefined && !["TaskStarted", "TaskEnded", "Start", "Tick"].includes(cause.type);

/** A few sayings, the states first; many alike become one with their number. */
export function sayings({ facts }: ExecutionEvent, name: NameOf, most: number): Saying[] {
  const groups = new Map<string, { saying: Saying; count: number; kind: string; weight: number }>();
  for (const fact of facts) {
    const said = said1(fact, name);
    const key = `${fact.type} ${fact.state ?? ""}`;
    const group = groups.get(key);
    if (group === undefined)
      groups.set(key, { saying: said, count: 1, kind: fact.type, weight: WEIGHTS[fact.type] ?? 0 });
    else group.count += 1;
  }
  const all = [...groups.values()]
    .toSorted((one, other) => other.weight - one.weight)
    .map(({ saying, count, kind }) =>
      count === 1
        ? saying
        : { ...saying, text: `${count.toLocaleString()} × ${PLURALS[kind] ?? spaced(kind)}` },
    );
  return all.length <= most
    ? all
    : [...all.slice(0, most - 1), { text: `and ${all.length - most + 1} more` }];
}

const WEIGHTS: Record<string, number> = {
  ExecutionCreated: 5,
  ExecutionMoved: 4,
  TaskRunMoved: 3,
  TaskRunCreated: 2,
  AttemptEnded: 1,
};
const PLURALS: Record<string, string> = {
  TaskRunCreated: "task run created",
  TaskRunMoved: "task runs",
  AttemptDispatched: "sent to the workers",
  AttemptEnded: "attempt ended",
};

function said1(fact: Fact, name: NameOf): Saying {
  const runId = fact.taskRunId ?? fact.id ?? "";
  switch (fact.type) {
    case "ExecutionCreated":
      return { text: "Execution created" };
    case "ExecutionMoved":
      return { text: "Execution", state: fact.state };
    case "TaskRunCreated":
      return { text: `${fact.taskId}${fact.value === undefined ? "" : ` ${fact.value}`} created` };
    case "TaskRunMoved":
      return { text: name(runId), state: fact.state };
    case "AttemptDispatched":
      return { text: `${name(runId)} sent to the workers` };
    case "AttemptStarted":
      return { text: `${name(runId)} began on a worker` };
    case "AttemptEnded":
      return { text: `attempt of ${name(runId)} ended` };
    case "TaskRunWaits":
      return { text: fact.at === null ? `${name(runId)} waits no more` : `${name(runId)} waits` };
    case "ExecutionWaits":
      return { text: fact.until === null ? "no timer" : "a timer is set" };
    case "ValuesResolved":
      return {
        text: `${name(runId)} has ${(fact.values as readonly unknown[]).length.toLocaleString()} values`,
      };
    default:
      return { text: spaced(fact.type) };
  }
}

/** `TaskRunMoved` becomes `Task run moved`. */
export function spaced(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

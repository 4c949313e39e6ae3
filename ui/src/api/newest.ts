/** Which of two states of a thing is the newer one; pure. */
import type { Execution, TaskRun } from "./types";

/** The state of a task run that has not changed stays the same object: what is drawn from it need not be drawn anew. */
export function kept(before: TaskRun | undefined, run: TaskRun): TaskRun {
  if (before === undefined) return run;
  const unchanged =
    before.state.current === run.state.current &&
    before.state.histories.length === run.state.histories.length &&
    (before.attempts?.length ?? 0) === (run.attempts?.length ?? 0) &&
    before.state.endDate === run.state.endDate &&
    sizeOf(before.outputs) === sizeOf(run.outputs);
  return unchanged ? before : run;
}

const sizeOf = (outputs: TaskRun["outputs"]): number =>
  outputs === null || outputs === undefined ? -1 : Object.keys(outputs).length;

/** The newer of two states of one execution, with the task runs of the known one where they are the same. */
export function newest(known: Execution | undefined, next: Execution): Execution {
  if (known === undefined || known.id !== next.id) return next;
  if (isOlder(next, known)) return known;
  const before = new Map(known.taskRunList?.map((run) => [run.id, run]));
  return { ...next, taskRunList: next.taskRunList?.map((run) => kept(before.get(run.id), run)) };
}

function isOlder(one: Execution, other: Execution): boolean {
  const by = one.state.histories.length - other.state.histories.length;
  return by === 0 ? lastChange(one) < lastChange(other) : by < 0;
}

function lastChange(execution: Execution): string {
  let last = execution.state.histories.at(-1)?.date ?? "";
  for (const run of execution.taskRunList ?? []) {
    const date = run.state.histories.at(-1)?.date ?? "";
    if (date > last) last = date;
  }
  return last;
}

/** What changed from one state of an execution to the next. */
export interface Step {
  /** Without its task runs. */
  head: Execution;
  changed: readonly TaskRun[];
  /** All task runs in their order, where others than before are there. */
  ids?: readonly string[];
}

/** `before`: all task runs by id, which becomes those of `next`. */
export function stepTo(before: Map<string, TaskRun>, { taskRunList = [], ...head }: Execution): Step {
  const changed = taskRunList.filter((run) => kept(before.get(run.id), run) === run);
  const isSame = taskRunList.length === before.size && taskRunList.every((run) => before.has(run.id));
  if (!isSame) before.clear();
  for (const run of isSame ? changed : taskRunList) before.set(run.id, run);
  return isSame ? { head, changed } : { head, changed, ids: taskRunList.map((run) => run.id) };
}

export function stepped(known: Execution | undefined, { head, changed, ids }: Step): Execution {
  const runs = new Map(known?.taskRunList?.map((run) => [run.id, run]));
  for (const run of changed) runs.set(run.id, kept(runs.get(run.id), run));
  const order = ids ?? known?.taskRunList?.map((run) => run.id) ?? [];
  const taskRunList = order.map((id) => runs.get(id)).filter((run) => run !== undefined);
  const next = { ...head, ...(taskRunList.length > 0 && { taskRunList }) };
  return known !== undefined && isOlder(next, known) ? known : next;
}

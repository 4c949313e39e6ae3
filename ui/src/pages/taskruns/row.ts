/** What a list of task runs is made of. */
import { hasEnded, type TaskRun } from "~/api/types";
import type { RowKind } from "~/parts/rows/useRows";

const seqOf = (row: TaskRun) => Number(row.columns?.seq ?? row.state.histories.length);
/** What the log's tail does not know of a task run. */
const OF_THE_INDEX = /^(baseline|slowdown|overdue|label)/;

function newer(row: TaskRun, other: TaskRun): TaskRun {
  if (seqOf(other) <= seqOf(row)) return row;
  const kept = Object.entries(row.columns ?? {}).filter(
    ([name]) => OF_THE_INDEX.test(name) && !(name === "overdue" && hasEnded(other.state.current)),
  );
  return { ...other, columns: { ...Object.fromEntries(kept), ...other.columns } };
}

export const TASK_RUNS: RowKind<TaskRun> = {
  kind: "taskruns",
  watched: true,
  idOf: (row) => row.id,
  startOf: (row) => row.state.startDate,
  newer,
};

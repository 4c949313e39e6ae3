/** The columns of the task runs, in the order in which they stand. */
import { Link } from "react-router";
import { hasEnded, type TaskRun } from "~/api/types";
import { executionLink, flowLink } from "~/app/links";
import type { Column } from "~/parts/columns";
import { Id } from "~/parts/Id";
import { StateBadge } from "~/parts/StateBadge";
import { Duration, Instant } from "~/parts/Time";

export const COLUMNS: readonly Column<TaskRun>[] = [
  {
    id: "state",
    title: "State",
    width: 124,
    sort: "state.current",
    cell: (row) => <StateBadge state={row.state.current} />,
  },
  {
    id: "task",
    title: "Task",
    width: 150,
    grow: 2,
    sort: "taskId",
    primary: true,
    cell: (row) => <TaskName row={row} />,
  },
  {
    id: "start",
    title: "Start",
    width: 172,
    sort: "state.startDate",
    downFirst: true,
    cell: (row) => <Instant at={row.state.startDate} />,
  },
  {
    id: "duration",
    title: "Duration",
    width: 104,
    sort: "state.duration",
    downFirst: true,
    align: "end",
    cell: (row) => <Lasted row={row} />,
  },
  {
    id: "attempts",
    title: "Attempts",
    width: 82,
    sort: "attemptCount",
    downFirst: true,
    align: "end",
    cell: (row) => row.attempts?.length ?? 0,
  },
  {
    id: "flow",
    title: "Flow",
    width: 130,
    grow: 1.4,
    sort: "flowId",
    cell: (row) => <Link to={flowLink(row.namespace, row.flowId)}>{row.flowId}</Link>,
  },
  {
    id: "namespace",
    title: "Namespace",
    width: 120,
    grow: 1,
    sort: "namespace",
    cell: (row) => row.namespace,
  },
  {
    id: "execution",
    title: "Execution",
    width: 100,
    sort: "executionId",
    cell: (row) => <Id id={row.executionId} to={executionLink(row.executionId, row.id)} />,
  },
  { id: "id", title: "ID", width: 100, sort: "id", optional: true, cell: (row) => <Id id={row.id} /> },
  {
    id: "end",
    title: "End",
    width: 172,
    sort: "state.endDate",
    downFirst: true,
    optional: true,
    cell: (row) => <Instant at={row.state.endDate} />,
  },
  {
    id: "iteration",
    title: "Iteration",
    width: 84,
    sort: "iteration",
    align: "end",
    optional: true,
    cell: (row) => row.iteration ?? "–",
  },
];

function TaskName({ row }: { row: TaskRun }) {
  return (
    <>
      {row.taskId}
      {row.value !== undefined && <ValueOf value={row.value} />}
    </>
  );
}

/** The value of the loop that a task run is for. */
export function ValueOf({ value }: { value: string }) {
  return <span title={value}> · {value.length > 60 ? `${value.slice(0, 60)}…` : value}</span>;
}

function Lasted({ row }: { row: TaskRun }) {
  const ended = hasEnded(row.state.current);
  return (
    <Duration
      from={row.state.startDate}
      to={ended ? (row.state.endDate ?? row.state.histories.at(-1)?.date) : null}
    />
  );
}

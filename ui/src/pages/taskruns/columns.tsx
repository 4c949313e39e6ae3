/** The columns of the task runs: those that stand there at first, and any other field that a query may name. */
import type { ReactNode } from "react";
import { hasEnded, type QueryField, type TaskRun } from "~/api/types";
import { executionLink, flowLink } from "~/app/links";
import type { Column } from "~/parts/columns";
import { Id } from "~/parts/Id";
import { PlainLink } from "~/parts/PlainLink";
import { StateBadge } from "~/parts/StateBadge";
import { Duration, Instant } from "~/parts/Time";
import css from "./columns.module.css";

export const COLUMNS: readonly Column<TaskRun>[] = [
  {
    id: "state",
    title: "State",
    width: 112,
    sort: "state.current",
    cell: (row) => <StateBadge state={row.state.current} />,
  },
  {
    id: "task",
    title: "Task",
    width: 140,
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
    width: 94,
    sort: "state.duration",
    downFirst: true,
    align: "end",
    cell: (row) => <Lasted row={row} />,
  },
  {
    id: "attempts",
    title: "Attempts",
    width: 78,
    sort: "attemptCount",
    downFirst: true,
    align: "end",
    cell: (row) => <Attempts count={row.attempts?.length ?? 0} />,
  },
  {
    id: "flow",
    title: "Flow",
    width: 112,
    grow: 1.4,
    sort: "flowId",
    cell: (row) => <PlainLink to={flowLink(row.namespace, row.flowId)}>{row.flowId}</PlainLink>,
  },
  {
    id: "namespace",
    title: "Namespace",
    width: 112,
    grow: 1,
    sort: "namespace",
    cell: (row) => <span title={row.namespace}>{row.namespace}</span>,
  },
  {
    id: "execution",
    title: "Execution",
    width: 92,
    sort: "executionId",
    cell: (row) => <Id id={row.executionId} to={executionLink(row.executionId, row.id)} />,
  },
  { id: "id", title: "ID", width: 96, sort: "id", optional: true, cell: (row) => <Id id={row.id} /> },
  {
    id: "end",
    title: "End",
    width: 178,
    sort: "state.endDate",
    downFirst: true,
    optional: true,
    cell: (row) => <Instant at={row.state.endDate} />,
  },
  {
    id: "value",
    title: "Value",
    width: 120,
    sort: "value",
    optional: true,
    cell: (row) => row.value ?? "–",
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

const OWN = new Set(COLUMNS.map((column) => column.id));
/** Ways to ask, which no task run has as a value of its own. */
const NO_COLUMNS = new Set(["text", "date", "in-state", "label", "output", "metric", "input"]);
const TITLES: Record<string, string> = {
  queue: "Queue time",
  run: "Run time",
  since: "In state since",
  ran: "First ran",
  overdue: "Overdue since",
  fingerprint: "Error kind",
  type: "Task type",
  "started-by": "Started by",
};
/** Maps whose single values can be columns: `label.team`. */
export const MAPS: readonly string[] = ["label", "output", "metric", "input"];
const RIGHT = new Set(["duration", "number", "decimal"]);

/** All columns there are; `shown` may name keys of labels, outputs and metrics too. */
export function columnsOf(
  fields: readonly QueryField[],
  shown: readonly string[],
): readonly Column<TaskRun>[] {
  const more = fields.filter((field) => !OWN.has(field.name) && !NO_COLUMNS.has(field.name)).map(ofField);
  const keys = shown.filter((id) => MAPS.some((map) => id.startsWith(`${map}.`))).map(ofKey);
  return [...COLUMNS, ...more, ...keys];
}

/** Those of the shown columns that the server has to tell besides the task run. */
export const askedFor = (shown: readonly string[], columns: readonly Column<TaskRun>[]): string =>
  ["seq", ...shown.filter((id) => !OWN.has(id) && columns.some((column) => column.id === id))].join(",");

function ofField(field: QueryField): Column<TaskRun> {
  const words = TITLES[field.name] ?? field.name;
  return {
    id: field.name,
    title: words.charAt(0).toUpperCase() + words.slice(1),
    width: field.type === "date" || field.name === "overdue" ? 178 : field.name === "error" ? 260 : 112,
    grow: field.name === "error" ? 2 : undefined,
    align: RIGHT.has(field.type) ? "end" : undefined,
    sort: field.sort,
    downFirst: RIGHT.has(field.type) || field.type === "date",
    optional: true,
    cell: (row) => cellOf(field.name, field.type, row.columns?.[field.name]),
  };
}

function ofKey(id: string): Column<TaskRun> {
  return { id, title: id, width: 130, optional: true, cell: (row) => cellOf(id, "name", row.columns?.[id]) };
}

function cellOf(name: string, type: string, value: unknown): ReactNode {
  if (value === undefined || value === null) return "–";
  if (type === "duration") return <Duration ms={Number(value)} />;
  if (type === "date" || name === "overdue") return <Instant at={String(value)} />;
  if (name === "slowdown") return <Slowdown times={Number(value)} />;
  if (type === "number") return Number(value).toLocaleString();
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  if (name === "type") return <span title={text}>{text.split(".").at(-1)}</span>;
  return <span title={text}>{text}</span>;
}

/** How long it took by what is usual. */
export function Slowdown({ times }: { times: number }) {
  return (
    <span className={css.slowdown} data-slow={times > 1.5 || undefined}>
      {times >= 100 ? Math.round(times).toLocaleString() : times.toFixed(times < 10 ? 2 : 1)}×
    </span>
  );
}

function Attempts({ count }: { count: number }) {
  return (
    <span className={css.attempts} data-several={count > 1 || undefined}>
      {count}
    </span>
  );
}

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
  return (
    <span className={css.value} title={value}>
      {value.length > 60 ? `${value.slice(0, 60)}…` : value}
    </span>
  );
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

/** The columns of the executions, in the order in which they stand. */

import { type Execution, hasEnded } from "~/api/types";
import { executionLink, flowLink, namespaceLink } from "~/app/links";
import type { Column } from "~/parts/columns";
import { Id } from "~/parts/Id";
import { PlainLink } from "~/parts/PlainLink";
import { StateBadge } from "~/parts/StateBadge";
import { Duration, Instant } from "~/parts/Time";
import css from "./Execution.module.css";

export const COLUMNS: readonly Column<Execution>[] = [
  {
    id: "state",
    title: "State",
    width: 124,
    sort: "state.current",
    cell: (row) => <StateBadge state={row.state.current} />,
  },
  {
    id: "flow",
    title: "Flow",
    width: 150,
    grow: 2,
    sort: "flowId",
    primary: true,
    cell: (row) => row.flowId,
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
    cell: (row) => (
      <Duration
        from={row.state.startDate}
        to={hasEnded(row.state.current) ? (row.state.endDate ?? row.state.startDate) : null}
      />
    ),
  },
  {
    id: "namespace",
    title: "Namespace",
    width: 150,
    grow: 1.2,
    sort: "namespace",
    cell: (row) => <PlainLink to={namespaceLink(row.namespace)}>{row.namespace}</PlainLink>,
  },
  {
    id: "trigger",
    title: "Trigger",
    width: 110,
    grow: 0.8,
    cell: (row) => row.trigger?.id ?? <span className={css.quiet}>–</span>,
  },
  {
    id: "labels",
    title: "Labels",
    width: 150,
    grow: 1.4,
    cell: (row) => <Labels row={row} />,
  },
  {
    id: "id",
    title: "Execution",
    width: 96,
    sort: "id",
    cell: (row) => <Id id={row.id} to={executionLink(row.id)} />,
  },
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
    id: "revision",
    title: "Revision",
    width: 84,
    align: "end",
    optional: true,
    cell: (row) => <PlainLink to={flowLink(row.namespace, row.flowId)}>{row.flowRevision}</PlainLink>,
  },
  {
    id: "inputs",
    title: "Inputs",
    width: 160,
    grow: 1.4,
    optional: true,
    cell: (row) => (row.inputs ? JSON.stringify(row.inputs) : ""),
  },
  {
    id: "parent",
    title: "Replay of",
    width: 96,
    optional: true,
    cell: (row) => (row.parentId ? <Id id={row.parentId} to={executionLink(row.parentId)} /> : ""),
  },
  {
    id: "startedBy",
    title: "Started by",
    width: 96,
    optional: true,
    cell: (row) => {
      const by = row.trigger?.variables?.executionId;
      return typeof by === "string" ? <Id id={by} to={executionLink(by)} /> : "";
    },
  },
];

function Labels({ row }: { row: Execution }) {
  const own = row.labels?.filter((label) => !label.key.startsWith("system.")) ?? [];
  return own.map(({ key, value }) => (
    <span key={key} className={css.label}>
      {key}={value}
    </span>
  ));
}

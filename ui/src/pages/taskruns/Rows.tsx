/** The rows of task runs: each opens its drawer, those that are chosen can be acted on. */
import { useCallback } from "react";
import type { TaskRun } from "~/api/types";
import type { Column } from "~/parts/columns";
import { DeedRows } from "~/parts/rows/DeedRows";
import { NoRows } from "~/parts/rows/NoRows";
import type { Rows as Live } from "~/parts/rows/useRows";
import { type Sort, useSearchHref } from "~/url/search";
import { ValueOf } from "./columns";
import css from "./TaskRunsPage.module.css";

interface Props {
  live: Live<TaskRun>;
  columns: readonly Column<TaskRun>[];
  shown: readonly string[];
  sort: Sort;
  onSort: (sort: Sort) => void;
  openId: string;
  filter: Record<string, string | undefined>;
}

export function Rows({ openId, ...rows }: Props) {
  const hrefOf = useSearchHref();
  const linkOf = useCallback((row: TaskRun) => hrefOf({ open: row.id }), [hrefOf]);
  return (
    <DeedRows
      {...rows}
      kind="taskruns"
      what="task runs"
      label="Task runs"
      linkOf={linkOf}
      openId={openId || null}
      empty={<NoRows one="task run" filtered={Boolean(rows.filter.query)} />}
      nameOf={nameOf}
    />
  );
}

function nameOf(id: string, row: TaskRun | undefined) {
  if (row === undefined) return <code title={id}>{id.slice(0, 8)}</code>;
  return (
    <span title={id}>
      {row.taskId}
      {row.value !== undefined && <ValueOf value={row.value} />} <span className={css.of}>{row.flowId}</span>
    </span>
  );
}

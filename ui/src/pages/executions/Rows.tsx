/** The rows of executions: each leads to its page, those that are chosen can be acted on. */
import type { Execution } from "~/api/types";
import { executionLink } from "~/app/links";
import {
  type Action,
  CHANGE_STATE,
  DELETE,
  KILL,
  LABELS,
  PAUSE,
  REPLAY,
  RESTART,
  RESUME,
} from "~/parts/bulk/actions";
import type { Column } from "~/parts/columns";
import { DeedRows } from "~/parts/rows/DeedRows";
import { NoRows } from "~/parts/rows/NoRows";
import type { Rows as Live } from "~/parts/rows/useRows";
import type { Sort } from "~/url/search";

interface Props {
  live: Live<Execution>;
  columns: readonly Column<Execution>[];
  shown: readonly string[];
  sort: Sort;
  onSort: (sort: Sort) => void;
  filter: Record<string, string | undefined>;
}

const FIRST: readonly Action[] = [
  KILL,
  RESTART,
  { ...REPLAY, says: "Starts each again from its beginning as a new execution with the same inputs." },
];
const MORE: readonly Action[] = [
  { ...CHANGE_STATE, says: "Puts ended executions into another state; their task runs stay as they are." },
  LABELS,
  PAUSE,
  RESUME,
  DELETE,
];
const linkOf = (row: Execution) => executionLink(row.id);

export function Rows(rows: Props) {
  return (
    <DeedRows
      {...rows}
      kind="executions"
      what="executions"
      label="Executions"
      linkOf={linkOf}
      first={FIRST}
      more={MORE}
      empty={<NoRows one="execution" filtered={Boolean(rows.filter.query)} />}
      nameOf={(id, row) => (
        <span title={id}>
          {row?.flowId} <code>{id.slice(0, 8)}</code>
        </span>
      )}
    />
  );
}

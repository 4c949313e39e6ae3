/** The table of a list whose rows can be chosen, and what is done with those that are. */
import { type ReactNode, useCallback, useEffect, useMemo, useState } from "react";
import type { BulkKind, Target } from "~/api/bulk";
import { frozen } from "~/url/range";
import { BulkBar } from "../BulkBar";
import { Button } from "../Button";
import type { Action } from "../bulk/actions";
import { BulkActions } from "../bulk/BulkActions";
import { BulkDialog } from "../bulk/BulkDialog";
import { totalText } from "./RowsNote";
import { RowsTable, type RowsTableProps } from "./RowsTable";

interface Props<Row> extends Omit<RowsTableProps<Row>, "selection" | "onSelection"> {
  kind: BulkKind;
  /** What all rows fit, those too that are not loaded. */
  filter: Record<string, string | undefined>;
  first?: readonly Action[];
  more?: readonly Action[];
  /** How a row is called in what is told of it. */
  nameOf: (id: string, row: Row | undefined) => ReactNode;
}

const NONE: ReadonlySet<string> = new Set();

export function DeedRows<Row>({ kind, filter, first, more, nameOf, ...table }: Props<Row>) {
  const { live } = table;
  const [selection, setSelection] = useState(NONE);
  const [all, setAll] = useState(false);
  const [doing, setDoing] = useState<{ action: Action; target: Target } | null>(null);
  const page = live.list.data?.pages[0];
  const total = page?.total ?? 0;
  const { idOf } = live.of;
  const byId = useMemo(() => new Map(live.rows.map((row) => [idOf(row), row])), [live.rows, idOf]);
  const clear = useCallback(() => {
    setSelection(NONE);
    setAll(false);
  }, []);
  const key = JSON.stringify(filter);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another search has other rows
  useEffect(clear, [key]);
  return (
    <>
      <RowsTable
        {...table}
        selection={selection}
        onSelection={(ids) => {
          setAll(false);
          setSelection(ids);
        }}
      />
      {selection.size > 0 && (
        <BulkBar count={all ? total : selection.size} onClear={clear}>
          {!all && page !== undefined && total > selection.size && (
            <Button small kind="quiet" onPress={() => setAll(true)}>
              All {totalText(page)} that match
            </Button>
          )}
          <BulkActions
            first={first}
            more={more}
            onAction={(action) =>
              setDoing({ action, target: all ? { where: frozen(filter) } : { ids: [...selection] } })
            }
          />
        </BulkBar>
      )}
      {doing && (
        <BulkDialog
          kind={kind}
          {...doing}
          onClose={() => setDoing(null)}
          onDone={() => {
            clear();
            if (live.stream !== "open") live.show();
          }}
          nameOf={(id) => nameOf(id, byId.get(id))}
        />
      )}
    </>
  );
}

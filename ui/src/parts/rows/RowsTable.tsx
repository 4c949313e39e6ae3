/** The table of a list: its rows as far as they are loaded, more at its end, or why there are none. */
import { useCallback } from "react";
import { ErrorBox, Loading } from "../Placeholders";
import { VirtualTable, type VirtualTableProps } from "../VirtualTable";
import css from "./Rows.module.css";
import type { Rows } from "./useRows";

export interface RowsTableProps<Row>
  extends Omit<VirtualTableProps<Row>, "rows" | "idOf" | "dimmed" | "onEnd" | "total" | "foot"> {
  live: Rows<Row>;
  /** How it is called while it comes: "task runs". */
  what: string;
}

export function RowsTable<Row>({ live, what, ...table }: RowsTableProps<Row>) {
  const { list, rows } = live;
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = list;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  if (list.isPending) return <Loading what={what} lines={12} />;
  if (list.isError) return <ErrorBox error={list.error} retry={() => void list.refetch()} />;
  return (
    <div className={css.rows} data-old={list.isPlaceholderData || undefined}>
      <VirtualTable
        {...table}
        rows={rows}
        idOf={live.of.idOf}
        dimmed={live.gone}
        onEnd={onEnd}
        total={list.data.pages[0]?.total}
        foot={
          isFetchingNextPage ? "Loading more" : hasNextPage ? "" : `All ${rows.length.toLocaleString()} shown`
        }
      />
    </div>
  );
}

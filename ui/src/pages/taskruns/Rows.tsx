/** The table, what is chosen in it, and what is done with that. */
import { useCallback, useEffect, useMemo, useState } from "react";
import type { Target } from "~/api/bulk";
import type { TaskRun } from "~/api/types";
import { BulkBar } from "~/parts/BulkBar";
import { Button } from "~/parts/Button";
import type { Action } from "~/parts/bulk/actions";
import { BulkActions } from "~/parts/bulk/BulkActions";
import { BulkDialog } from "~/parts/bulk/BulkDialog";
import type { Column } from "~/parts/columns";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { VirtualTable } from "~/parts/VirtualTable";
import { frozen } from "~/url/range";
import { type Sort, useSearch, useSearchHref } from "~/url/search";
import { ValueOf } from "./columns";
import css from "./TaskRunsPage.module.css";
import type { useRows } from "./useRows";

interface Props {
  live: ReturnType<typeof useRows>;
  columns: readonly Column<TaskRun>[];
  shown: readonly string[];
  sort: Sort;
  onSort: (sort: Sort) => void;
  openId: string;
  filter: Record<string, string | undefined>;
}

const idOf = (row: TaskRun) => row.id;
const NONE: ReadonlySet<string> = new Set();

export function Rows({ live, columns, shown, sort, onSort, openId, filter }: Props) {
  const [, change] = useSearch();
  const hrefOf = useSearchHref();
  const [selection, setSelection] = useState(NONE);
  const [all, setAll] = useState(false);
  const [doing, setDoing] = useState<{ action: Action; target: Target } | null>(null);
  const { list, rows, gone } = live;
  const total = list.data?.pages[0]?.total;
  const linkOf = useCallback((row: TaskRun) => hrefOf({ open: row.id }), [hrefOf]);
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = list;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  const names = useMemo(() => new Map(rows.map((row) => [row.id, row])), [rows]);
  const clear = useCallback(() => {
    setSelection(NONE);
    setAll(false);
  }, []);
  const key = JSON.stringify(filter);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another search has other rows
  useEffect(clear, [key]);

  if (list.isPending) return <Loading what="task runs" lines={12} />;
  if (list.isError) return <ErrorBox error={list.error} retry={() => void list.refetch()} />;
  return (
    <>
      <div className={css.rows} data-old={list.isPlaceholderData || undefined}>
        <VirtualTable
          label="Task runs"
          columns={columns}
          shown={shown}
          rows={rows}
          idOf={idOf}
          linkOf={linkOf}
          dimmed={gone}
          openId={openId || null}
          sort={sort}
          onSort={onSort}
          selection={selection}
          onSelection={(ids) => {
            setAll(false);
            setSelection(ids);
          }}
          onEnd={onEnd}
          total={total}
          empty={
            <NoRows
              filtered={Boolean(filter.query)}
              onAll={() => change({ query: null, timeRange: "all", startDate: null, endDate: null })}
            />
          }
          foot={
            isFetchingNextPage
              ? "Loading more"
              : hasNextPage
                ? ""
                : `All ${rows.length.toLocaleString()} shown`
          }
        />
      </div>
      {selection.size > 0 && (
        <BulkBar count={all ? (total ?? 0) : selection.size} onClear={clear}>
          {!all && total !== undefined && total > selection.size && (
            <Button small kind="quiet" onPress={() => setAll(true)}>
              All {total.toLocaleString()}
              {list.data.pages[0]?.totalIsExact === false ? "+" : ""} that match
            </Button>
          )}
          <BulkActions
            onAction={(action) =>
              setDoing({ action, target: all ? { where: frozen(filter) } : { ids: [...selection] } })
            }
          />
        </BulkBar>
      )}
      {doing && (
        <BulkDialog
          kind="taskruns"
          {...doing}
          onClose={() => setDoing(null)}
          onDone={() => {
            clear();
            if (live.stream === "off") live.show();
          }}
          nameOf={(id) => <Name id={id} row={names.get(id)} />}
        />
      )}
    </>
  );
}

function Name({ id, row }: { id: string; row: TaskRun | undefined }) {
  if (row === undefined) return <code title={id}>{id.slice(0, 8)}</code>;
  return (
    <span title={id}>
      {row.taskId}
      {row.value !== undefined && <ValueOf value={row.value} />} <span className={css.of}>{row.flowId}</span>
    </span>
  );
}

function NoRows({ filtered, onAll }: { filtered: boolean; onAll: () => void }) {
  return (
    <Empty
      title={filtered ? "No task run matches" : "No task runs in this range"}
      action={<Button onPress={onAll}>Show all of all time</Button>}
    >
      {filtered ? "Take out a term, or choose a longer range." : "Choose a longer range, or run a flow."}
    </Empty>
  );
}

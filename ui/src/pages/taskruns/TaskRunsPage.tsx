/** Task Runs: the query, its chart, its rows, and the drawer of one of them. All of it stands in the address. */
import { useQueryClient } from "@tanstack/react-query";
import { ArrowUp } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { useHistogram } from "~/api/queries";
import { PAGE_SIZE, useNewestTaskRuns, useTaskRuns } from "~/api/taskruns";
import type { TaskRun } from "~/api/types";
import { BulkBar } from "~/parts/BulkBar";
import { Button } from "~/parts/Button";
import { ColumnChooser } from "~/parts/ColumnChooser";
import { defaultColumns } from "~/parts/columns";
import { Card, Page } from "~/parts/Page";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { QueryBar } from "~/parts/QueryBar";
import { RangePicker } from "~/parts/RangePicker";
import { StateChart } from "~/parts/StateChart";
import { VirtualTable } from "~/parts/VirtualTable";
import { durationMs } from "~/time/duration";
import { isOpen, rangeParams, useTimeRange } from "~/url/range";
import { sortText, useList, useSearch, useSearchHref, useSort, useText } from "~/url/search";
import { COLUMNS } from "./columns";
import { TaskRunDrawer } from "./TaskRunDrawer";
import css from "./TaskRunsPage.module.css";

const EVERY_MS = 5_000;
const NEWEST_FIRST = { field: "state.startDate", descending: true };
const DEFAULT_RANGE = "P7D";
const idOf = (row: TaskRun) => row.id;

export function Component() {
  const [, change] = useSearch();
  const hrefOf = useSearchHref();
  const [query, setQuery] = useText("query");
  const [range, setRange] = useTimeRange(DEFAULT_RANGE);
  const [sort, setSort] = useSort(NEWEST_FIRST);
  const [shown, setShown] = useList("columns", defaultColumns(COLUMNS));
  const [openId] = useText("open");
  const [selection, setSelection] = useState<ReadonlySet<string>>(new Set());

  const filter = useMemo(() => ({ query, ...rangeParams(range) }), [query, range]);
  const params = useMemo(() => ({ ...filter, sort: sortText(sort) }), [filter, sort]);
  // What moves under someone's hands helps nobody: while rows are selected, only what is known is renewed by hand.
  const everyMs = isOpen(range) && selection.size === 0 ? EVERY_MS : false;
  const list = useTaskRuns(params);
  const { rows, total, fresh, show } = useLiveRows(list, params, everyMs);
  const histogram = useHistogram("taskruns", filter, everyMs);

  const linkOf = useCallback((row: TaskRun) => hrefOf({ open: row.id }), [hrefOf]);
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = list;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);

  return (
    <Page
      title="Task Runs"
      note={
        <>
          {total !== undefined && <span>{total}</span>}
          {fresh > 0 && (
            <Button small kind="primary" onPress={show}>
              <ArrowUp size={13} /> {fresh >= PAGE_SIZE ? `${PAGE_SIZE}+` : fresh} new
            </Button>
          )}
        </>
      }
      actions={
        <>
          <ColumnChooser columns={COLUMNS} shown={shown} onShown={setShown} />
          <RangePicker range={range} onRange={setRange} />
        </>
      }
      aside={
        openId !== "" && (
          <TaskRunDrawer id={openId} onClose={() => change({ open: null, tab: null }, { push: true })} />
        )
      }
    >
      <div className={css.bar}>
        <QueryBar
          kind="taskruns"
          value={query}
          onChange={setQuery}
          placeholder="Search: state:FAILED flow:etl duration:>10s “timed out”"
          params={rangeParams(range)}
        />
      </div>
      {histogram.data && (
        <Card label="Chart">
          <StateChart
            buckets={histogram.data.buckets}
            intervalMs={durationMs(histogram.data.interval) ?? 60_000}
            onRange={(startDate, endDate) => setRange({ startDate, endDate })}
            onState={(state) => setQuery(`${query} state:${state}`.trim())}
          />
        </Card>
      )}
      <Card fill label="Rows">
        {list.isPending ? (
          <Loading what="task runs" lines={12} />
        ) : list.isError ? (
          <ErrorBox error={list.error} retry={() => void list.refetch()} />
        ) : (
          <VirtualTable
            label="Task runs"
            columns={COLUMNS}
            shown={shown}
            rows={rows}
            idOf={idOf}
            linkOf={linkOf}
            openId={openId || null}
            sort={sort}
            onSort={setSort}
            selection={selection}
            onSelection={setSelection}
            onEnd={onEnd}
            total={list.data.pages[0]?.total}
            empty={
              <NoRows
                filtered={query !== ""}
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
        )}
        {selection.size > 0 && <BulkBar count={selection.size} onClear={() => setSelection(new Set())} />}
      </Card>
    </Page>
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

/** The rows of the list with what has changed since; what is new is counted, not pushed in. */
function useLiveRows(
  list: ReturnType<typeof useTaskRuns>,
  params: ReturnType<typeof rangeParams> & { sort: string },
  everyMs: number | false,
) {
  const client = useQueryClient();
  const newest = useNewestTaskRuns(params, everyMs);
  const loaded = useMemo(() => list.data?.pages.flatMap((page) => page.results) ?? [], [list.data]);
  const changed = useMemo(() => new Map(newest.data?.results.map((row) => [row.id, row])), [newest.data]);
  const rows = useMemo(() => loaded.map((row) => newer(row, changed.get(row.id))), [loaded, changed]);
  const fresh = useMemo(() => {
    const known = new Set(loaded.map((row) => row.id));
    const first = loaded[0]?.state.startDate ?? "";
    return (
      newest.data?.results.filter((row) => !known.has(row.id) && row.state.startDate >= first).length ?? 0
    );
  }, [loaded, newest.data]);
  const page = newest.data ?? list.data?.pages[0];
  return {
    rows,
    fresh,
    total:
      page === undefined
        ? undefined
        : `${page.total.toLocaleString()}${page.totalIsExact === false ? "+" : ""}`,
    show: () => void client.resetQueries({ queryKey: ["taskruns", "search"] }),
  };
}

const newer = (row: TaskRun, other: TaskRun | undefined): TaskRun =>
  other !== undefined && other.state.histories.length >= row.state.histories.length ? other : row;

/** Executions: the query, its chart, its rows, what is chosen among them and what is done with that. */
import { ArrowUp, ChartColumn } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import type { Target } from "~/api/bulk";
import { PAGE_SIZE } from "~/api/executions";
import { useHistogram } from "~/api/queries";
import type { Execution } from "~/api/types";
import { executionLink } from "~/app/links";
import { BulkBar } from "~/parts/BulkBar";
import { Button } from "~/parts/Button";
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
import { BulkActions } from "~/parts/bulk/BulkActions";
import { BulkDialog } from "~/parts/bulk/BulkDialog";
import { ColumnChooser } from "~/parts/ColumnChooser";
import { defaultColumns } from "~/parts/columns";
import { ExportMenu } from "~/parts/ExportMenu";
import { Card, Page } from "~/parts/Page";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { QueryBar } from "~/parts/QueryBar";
import { withTerm } from "~/parts/query";
import { RangePicker } from "~/parts/RangePicker";
import { StateChart } from "~/parts/StateChart";
import { VirtualTable } from "~/parts/VirtualTable";
import { durationMs } from "~/time/duration";
import { useKeptSearch } from "~/url/kept";
import { frozen, isOpen, rangeParams, useTimeRange } from "~/url/range";
import { sortText, useList, useSearch, useSort, useText } from "~/url/search";
import { COLUMNS } from "./columns";
import css from "./Executions.module.css";
import { useRows } from "./useRows";

const EVERY_MS = 5_000;
const NEWEST_FIRST = { field: "state.startDate", descending: true };
const DEFAULT_RANGE = "P7D";
const NOTHING: readonly string[] = [];
const NONE: ReadonlySet<string> = new Set();
const idOf = (row: Execution) => row.id;
const linkOf = (row: Execution) => executionLink(row.id);

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

export function Component() {
  useKeptSearch("executions", NOTHING);
  const [, change] = useSearch();
  const [query, setQuery] = useText("query");
  const [range, setRange] = useTimeRange(DEFAULT_RANGE);
  const [sort, setSort] = useSort(NEWEST_FIRST);
  const [shown, setShown] = useList("columns", defaultColumns(COLUMNS));
  const [chart, setChart] = useText("chart", "on");
  const [selection, setSelection] = useState(NONE);
  const [all, setAll] = useState(false);
  const [doing, setDoing] = useState<{ action: Action; target: Target } | null>(null);

  const filter = useMemo(() => ({ query, ...rangeParams(range) }), [query, range]);
  const params = useMemo(() => ({ ...filter, sort: sortText(sort) }), [filter, sort]);
  const everyMs = isOpen(range) ? EVERY_MS : false;
  const { list, rows, fresh, show, page } = useRows(params, everyMs);
  const histogram = useHistogram("executions", filter, chart === "on" ? everyMs : false);
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = list;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  const clear = () => {
    setSelection(NONE);
    setAll(false);
  };
  const names = useMemo(() => new Map(rows.map((row) => [row.id, row])), [rows]);
  const total = page?.total;
  const totalText = `${total?.toLocaleString()}${page?.totalIsExact === false ? "+" : ""}`;

  return (
    <Page
      title="Executions"
      note={
        <>
          {page && <span>{totalText}</span>}
          {fresh > 0 && (
            <Button small kind="primary" onPress={show}>
              <ArrowUp size={13} /> {fresh >= PAGE_SIZE ? `${PAGE_SIZE}+` : fresh} new
            </Button>
          )}
        </>
      }
      actions={<RangePicker range={range} onRange={setRange} />}
    >
      <div className={css.bar}>
        <QueryBar
          kind="executions"
          value={query}
          onChange={setQuery}
          placeholder="Search: state:FAILED flow:etl label:team=blue duration:>10s"
          params={rangeParams(range)}
        />
      </div>
      {chart === "on" && histogram.data && (
        <Card label="Chart">
          <StateChart
            buckets={histogram.data.buckets}
            intervalMs={durationMs(histogram.data.interval ?? "") ?? 60_000}
            onRange={(startDate, endDate) => setRange({ startDate, endDate })}
            onState={(state) => setQuery(withTerm(query, `state:${state}`))}
            height={104}
          />
        </Card>
      )}
      <Card fill label="Rows">
        <div className={css.tools}>
          <Button
            small
            kind="quiet"
            pressed={chart === "on"}
            onPress={() => setChart(chart === "on" ? "off" : "on")}
          >
            <ChartColumn size={14} /> Chart
          </Button>
          <span className={css.right}>
            <ColumnChooser columns={COLUMNS} shown={shown} onShown={setShown} />
            <ExportMenu kind="executions" params={params} />
          </span>
        </div>
        {list.isPending ? (
          <Loading what="executions" lines={12} />
        ) : list.isError ? (
          <ErrorBox error={list.error} retry={() => void list.refetch()} />
        ) : (
          <VirtualTable
            label="Executions"
            columns={COLUMNS}
            shown={shown}
            rows={rows}
            idOf={idOf}
            linkOf={linkOf}
            sort={sort}
            onSort={setSort}
            selection={selection}
            onSelection={(ids) => {
              setAll(false);
              setSelection(ids);
            }}
            onEnd={onEnd}
            total={total}
            empty={
              <Empty
                title={query === "" ? "No executions in this range" : "No execution matches"}
                action={
                  <Button
                    onPress={() => change({ query: null, timeRange: "all", startDate: null, endDate: null })}
                  >
                    Show all of all time
                  </Button>
                }
              >
                {query === ""
                  ? "Choose a longer range, or run a flow."
                  : "Take out a term, or choose a longer range."}
              </Empty>
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
        {selection.size > 0 && (
          <BulkBar count={all ? (total ?? 0) : selection.size} onClear={clear}>
            {!all && total !== undefined && total > selection.size && (
              <Button small kind="quiet" onPress={() => setAll(true)}>
                All {totalText} that match
              </Button>
            )}
            <BulkActions
              first={FIRST}
              more={MORE}
              onAction={(action) =>
                setDoing({ action, target: all ? { where: frozen(filter) } : { ids: [...selection] } })
              }
            />
          </BulkBar>
        )}
      </Card>
      {doing && (
        <BulkDialog
          kind="executions"
          {...doing}
          onClose={() => setDoing(null)}
          onDone={clear}
          nameOf={(id) => (
            <span title={id}>
              {names.get(id)?.flowId} <code>{id.slice(0, 8)}</code>
            </span>
          )}
        />
      )}
    </Page>
  );
}

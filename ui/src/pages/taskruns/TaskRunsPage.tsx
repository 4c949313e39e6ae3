/**
 * Task Runs: ready views, the query, its chart, its values, its rows or figures, and the drawer of one task run.
 *
 * All of it stands in the address, so that a link shows the same to whoever gets it.
 */
import { ChartColumn, ListFilter } from "lucide-react";
import { useCallback, useMemo, useRef, useState } from "react";
import { useHistogram, useQueryFields } from "~/api/queries";
import { useViews } from "~/api/views";
import { kept, useStore } from "~/app/store";
import { Button } from "~/parts/Button";
import { defaultColumns } from "~/parts/columns";
import { ExportMenu } from "~/parts/ExportMenu";
import { Card, Page } from "~/parts/Page";
import { QueryBar } from "~/parts/QueryBar";
import { withTerm } from "~/parts/query";
import { RangePicker } from "~/parts/RangePicker";
import { RowsNote } from "~/parts/rows/RowsNote";
import { useRows } from "~/parts/rows/useRows";
import { StateChart } from "~/parts/StateChart";
import { SavedViews } from "~/parts/views/SavedViews";
import { durationMs } from "~/time/duration";
import { useKeptSearch } from "~/url/kept";
import { isOpen, rangeParams, useTimeRange } from "~/url/range";
import { sortText, useList, useSearch, useSort, useText } from "~/url/search";
import { ColumnsMenu } from "./ColumnsMenu";
import { askedFor, COLUMNS, columnsOf } from "./columns";
import { Facets } from "./Facets";
import { FirstVisit } from "./FirstVisit";
import { Rows } from "./Rows";
import { TASK_RUNS } from "./row";
import { Statistics } from "./Statistics";
import { TaskRunDrawer } from "./TaskRunDrawer";
import css from "./TaskRunsPage.module.css";
import { useAnyEver } from "./useAnyEver";
import { useNarrow } from "./useNarrow";
import { ViewCards } from "./ViewCards";

const EVERY_MS = 5_000;
const NEWEST_FIRST = { field: "state.startDate", descending: true };
const DEFAULT_RANGE = "P7D";
const OF_THE_MOMENT = ["open", "tab", "attempt", "level", "find"];
const NO_DRAWER = Object.fromEntries(OF_THE_MOMENT.map((name) => [name, null]));
/** Below this, values stand above the rows, and only when someone wants them now. */
const NARROW_PX = 760;
const facetsShown = kept<"on" | "off">("taskruns.facets", ["on", "off"], "on");

export function Component() {
  useKeptSearch("taskruns", OF_THE_MOMENT);
  const [, change] = useSearch();
  const [query, setQuery] = useText("query");
  const [range, setRange] = useTimeRange(DEFAULT_RANGE);
  const [sort, setSort] = useSort(NEWEST_FIRST);
  const [shown, setShown] = useList("columns", defaultColumns(COLUMNS));
  const [show, setShow] = useText("show", "rows");
  const [chart, setChart] = useText("chart", "on");
  const [viewId] = useText("view");
  const [openId] = useText("open");
  const body = useRef<HTMLDivElement>(null);
  const narrow = useNarrow(body, NARROW_PX);
  const [facetsNow, setFacetsNow] = useState(false);
  const facetsKept = useStore(facetsShown) === "on";
  const facets = narrow ? facetsNow : facetsKept;
  const fields = useQueryFields("taskruns");
  const columns = useMemo(() => columnsOf(fields, shown), [fields, shown]);
  const visible = useMemo(
    () => shown.filter((id) => columns.some((column) => column.id === id)),
    [shown, columns],
  );

  const filter = useMemo(() => ({ query, ...rangeParams(range) }), [query, range]);
  const asked = askedFor(visible, columns);
  const params = useMemo(() => ({ ...filter, sort: sortText(sort), columns: asked }), [filter, sort, asked]);
  const everyMs = isOpen(range) ? EVERY_MS : false;
  const live = useRows(TASK_RUNS, params, isOpen(range));
  const histogram = useHistogram("taskruns", filter, chart === "on" ? everyMs : false);
  const views = useViews("taskruns");
  const anyEver = useAnyEver(live.list.data?.pages[0]?.total);
  // Rows come all the time: what does not tell of them is left as it is.
  const head = useMemo(
    () => (
      <>
        <ViewCards views={views.data?.filter((view) => view.builtIn) ?? []} query={query} />
        <div className={css.bar}>
          <QueryBar
            kind="taskruns"
            value={query}
            onChange={setQuery}
            placeholder="Search: state:FAILED flow:etl duration:>10s “timed out”"
            params={rangeParams(range)}
          />
          <SavedViews
            page="taskruns"
            views={views.data?.filter((view) => !view.builtIn) ?? []}
            activeId={viewId}
            shown={{
              query,
              columns: [...shown],
              sort: sortText(sort),
              timeRange: range.timeRange,
              chart: chart === "on",
            }}
            onOpen={(id) => change({ view: id })}
          />
        </div>
      </>
    ),
    [views.data, query, setQuery, range, viewId, sort, chart, change, shown],
  );
  const tools = useMemo(
    () => (
      <div className={css.tools}>
        <Button
          small
          kind="quiet"
          pressed={facets}
          onPress={() => (narrow ? setFacetsNow(!facets) : facetsShown.set(facets ? "off" : "on"))}
        >
          <ListFilter size={14} /> Values
        </Button>
        <Button
          small
          kind="quiet"
          pressed={chart === "on"}
          onPress={() => setChart(chart === "on" ? "off" : "on")}
        >
          <ChartColumn size={14} /> Chart
        </Button>
        <fieldset className={css.switch}>
          <legend className="visually-hidden">What is shown</legend>
          <button type="button" aria-pressed={show === "rows"} onClick={() => setShow("rows")}>
            Rows
          </button>
          <button type="button" aria-pressed={show === "statistics"} onClick={() => setShow("statistics")}>
            Statistics
          </button>
        </fieldset>
        <span className={css.right}>
          {show === "rows" && <ColumnsMenu columns={columns} shown={shown} onShown={setShown} />}
          <ExportMenu
            kind="taskruns"
            params={{ ...filter, sort: sortText(sort), columns: visible.join(",") }}
          />
        </span>
      </div>
    ),
    [narrow, facets, chart, setChart, show, setShow, columns, shown, setShown, filter, sort, visible],
  );
  const close = () => change(NO_DRAWER, { push: true });
  const onRange = useCallback(
    (startDate: string, endDate: string) => setRange({ startDate, endDate }),
    [setRange],
  );
  const onState = useCallback(
    (state: string) => setQuery(withTerm(query, `state:${state}`)),
    [query, setQuery],
  );

  const aside = openId !== "" && <TaskRunDrawer id={openId} onClose={close} />;
  if (anyEver === false) {
    return (
      <Page title="Task Runs" aside={aside}>
        <Card fill label="First visit">
          <FirstVisit
            onRunning={() => change({ query: null, timeRange: null, startDate: null, endDate: null })}
          />
        </Card>
      </Page>
    );
  }
  return (
    <Page
      title="Task Runs"
      note={<RowsNote live={live} filter={filter} isOpen={isOpen(range)} />}
      actions={<RangePicker range={range} onRange={setRange} />}
      aside={aside}
    >
      {head}
      {chart === "on" && histogram.data && (
        <Card label="Chart">
          <StateChart
            buckets={histogram.data.buckets}
            intervalMs={durationMs(histogram.data.interval ?? "") ?? 60_000}
            onRange={onRange}
            onState={onState}
            height={104}
          />
        </Card>
      )}
      <div className={css.outer}>
        <div ref={body} className={css.body} data-narrow={narrow || undefined}>
          {facets && (
            <aside className={css.side} aria-label="Values">
              <Facets params={filter} query={query} onQuery={setQuery} everyMs={everyMs} />
            </aside>
          )}
          <Card fill label="Rows">
            {tools}
            {show === "statistics" ? (
              <Statistics params={filter} query={query} everyMs={everyMs && everyMs * 2} />
            ) : (
              <Rows
                live={live}
                columns={columns}
                shown={visible}
                sort={sort}
                onSort={setSort}
                openId={openId}
                filter={filter}
              />
            )}
          </Card>
        </div>
      </div>
    </Page>
  );
}

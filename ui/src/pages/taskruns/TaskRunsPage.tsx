/**
 * Task Runs: ready views, the query, its chart, its values, its rows or figures, and the drawer of one task run.
 *
 * All of it stands in the address, so that a link shows the same to whoever gets it.
 */
import { useMemo, useRef, useState } from "react";
import { useQueryFields } from "~/api/queries";
import { useViews } from "~/api/views";
import { kept, useStore } from "~/app/store";
import { defaultColumns } from "~/parts/columns";
import { Card, Page } from "~/parts/Page";
import { RangePicker } from "~/parts/RangePicker";
import { ListChart } from "~/parts/rows/ListChart";
import { ListHead } from "~/parts/rows/ListHead";
import { RowsNote } from "~/parts/rows/RowsNote";
import { useAfterRows } from "~/parts/rows/useAfterRows";
import { useRows } from "~/parts/rows/useRows";
import { useKeptSearch } from "~/url/kept";
import { isOpen, rangeParams, useTimeRange } from "~/url/range";
import { sortText, useList, useSearch, useSort, useText } from "~/url/search";
import { askedFor, COLUMNS, columnsOf } from "./columns";
import { Facets } from "./Facets";
import { FirstVisit } from "./FirstVisit";
import { Rows } from "./Rows";
import { TASK_RUNS } from "./row";
import { Statistics } from "./Statistics";
import { TaskRunDrawer } from "./TaskRunDrawer";
import css from "./TaskRunsPage.module.css";
import { Tools } from "./Tools";
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
const keepFacets = (isShown: boolean) => facetsShown.set(isShown ? "on" : "off");

export function Component() {
  useKeptSearch("taskruns", OF_THE_MOMENT);
  const [, change] = useSearch();
  const [query, setQuery] = useText("query");
  const [range, setRange] = useTimeRange(DEFAULT_RANGE);
  const [sort, setSort] = useSort(NEWEST_FIRST);
  const [shown, setShown] = useList("columns", defaultColumns(COLUMNS));
  const [show] = useText("show", "rows");
  const [chart] = useText("chart", "on");
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
  const afterRows = useAfterRows(live, filter);
  const views = useViews("taskruns");
  const builtIn = useMemo(() => views.data?.filter((view) => view.builtIn) ?? [], [views.data]);
  const exported = useMemo(
    () => ({ ...filter, sort: sortText(sort), columns: visible.join(",") }),
    [filter, sort, visible],
  );
  const anyEver = useAnyEver(live.list.data?.pages[0]?.total);
  const close = () => change(NO_DRAWER, { push: true });
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
      <ViewCards views={builtIn} query={query} isDue={afterRows !== undefined} />
      <ListHead
        kind="taskruns"
        query={query}
        onQuery={setQuery}
        placeholder="Search: state:FAILED flow:etl duration:>10s “timed out”"
        range={range}
        columns={shown}
        sort={sort}
        chart={chart === "on"}
      />
      {chart === "on" && afterRows && (
        <ListChart
          kind="taskruns"
          params={afterRows}
          everyMs={everyMs}
          query={query}
          onQuery={setQuery}
          onRange={setRange}
        />
      )}
      <div className={css.outer}>
        <div ref={body} className={css.body} data-narrow={narrow || undefined}>
          {facets && (
            <aside className={css.side} aria-label="Values">
              <Facets params={afterRows} query={query} onQuery={setQuery} everyMs={everyMs} />
            </aside>
          )}
          <Card fill label="Rows">
            <Tools
              columns={columns}
              shown={shown}
              onShown={setShown}
              params={exported}
              facets={facets}
              onFacets={narrow ? setFacetsNow : keepFacets}
            />
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

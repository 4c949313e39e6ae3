/** Executions: the query, its saved views, its chart, its rows. */
import { ChartColumn } from "lucide-react";
import { useMemo } from "react";
import { useHistogram } from "~/api/queries";
import { useViews } from "~/api/views";
import { Button } from "~/parts/Button";
import { ColumnChooser } from "~/parts/ColumnChooser";
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
import { COLUMNS } from "./columns";
import css from "./Executions.module.css";
import { Rows } from "./Rows";
import { EXECUTIONS } from "./row";

const EVERY_MS = 5_000;
const NEWEST_FIRST = { field: "state.startDate", descending: true };
const DEFAULT_RANGE = "P7D";
const NOTHING: readonly string[] = [];

export function Component() {
  useKeptSearch("executions", NOTHING);
  const [, change] = useSearch();
  const [query, setQuery] = useText("query");
  const [range, setRange] = useTimeRange(DEFAULT_RANGE);
  const [sort, setSort] = useSort(NEWEST_FIRST);
  const [shown, setShown] = useList("columns", defaultColumns(COLUMNS));
  const [chart, setChart] = useText("chart", "on");
  const [viewId] = useText("view");

  const filter = useMemo(() => ({ query, ...rangeParams(range) }), [query, range]);
  const params = useMemo(() => ({ ...filter, sort: sortText(sort) }), [filter, sort]);
  const everyMs = isOpen(range) ? EVERY_MS : false;
  const live = useRows(EXECUTIONS, params, isOpen(range));
  const histogram = useHistogram("executions", filter, chart === "on" ? everyMs : false);
  const views = useViews("executions");
  return (
    <Page
      title="Executions"
      note={<RowsNote live={live} filter={filter} isOpen={isOpen(range)} />}
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
        <SavedViews
          page="executions"
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
        <Rows live={live} columns={COLUMNS} shown={shown} sort={sort} onSort={setSort} filter={filter} />
      </Card>
    </Page>
  );
}

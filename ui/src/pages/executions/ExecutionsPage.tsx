/** Executions: the query, its saved views, its chart, its rows. */
import { ChartColumn } from "lucide-react";
import { useMemo } from "react";
import { Button } from "~/parts/Button";
import { ColumnChooser } from "~/parts/ColumnChooser";
import { defaultColumns } from "~/parts/columns";
import { ExportMenu } from "~/parts/ExportMenu";
import { Card, Page } from "~/parts/Page";
import { RangePicker } from "~/parts/RangePicker";
import { ListChart } from "~/parts/rows/ListChart";
import { ListHead } from "~/parts/rows/ListHead";
import { RowsNote } from "~/parts/rows/RowsNote";
import { useAfterRows } from "~/parts/rows/useAfterRows";
import { useRows } from "~/parts/rows/useRows";
import { useKeptSearch } from "~/url/kept";
import { isOpen, rangeParams, useTimeRange } from "~/url/range";
import { sortText, useList, useSort, useText } from "~/url/search";
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
  const [query, setQuery] = useText("query");
  const [range, setRange] = useTimeRange(DEFAULT_RANGE);
  const [sort, setSort] = useSort(NEWEST_FIRST);
  const [shown, setShown] = useList("columns", defaultColumns(COLUMNS));
  const [chart, setChart] = useText("chart", "on");

  const filter = useMemo(() => ({ query, ...rangeParams(range) }), [query, range]);
  const params = useMemo(() => ({ ...filter, sort: sortText(sort) }), [filter, sort]);
  const everyMs = isOpen(range) ? EVERY_MS : false;
  const live = useRows(EXECUTIONS, params, isOpen(range));
  const afterRows = useAfterRows(live, filter);
  return (
    <Page
      title="Executions"
      note={<RowsNote live={live} filter={filter} isOpen={isOpen(range)} />}
      actions={<RangePicker range={range} onRange={setRange} />}
    >
      <ListHead
        kind="executions"
        query={query}
        onQuery={setQuery}
        placeholder="Search: state:FAILED flow:etl label:team=blue duration:>10s"
        range={range}
        columns={shown}
        sort={sort}
        chart={chart === "on"}
      />
      {chart === "on" && afterRows && (
        <ListChart
          kind="executions"
          params={afterRows}
          everyMs={everyMs}
          query={query}
          onQuery={setQuery}
          onRange={setRange}
        />
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

/** The executions of one flow: the list of the Executions page, narrowed to it. */
import { useMemo } from "react";
import { Link } from "react-router";
import type { Flow } from "~/api/flows";
import { useHistogram } from "~/api/queries";
import type { Execution } from "~/api/types";
import { executionsLink } from "~/app/links";
import type { Column } from "~/parts/columns";
import { QueryBar } from "~/parts/QueryBar";
import { withTerm } from "~/parts/query";
import { RangePicker } from "~/parts/RangePicker";
import { RowsNote } from "~/parts/rows/RowsNote";
import { useRows } from "~/parts/rows/useRows";
import { StateChart } from "~/parts/StateChart";
import { durationMs } from "~/time/duration";
import { isOpen, rangeParams, useTimeRange } from "~/url/range";
import { sortText, useSort, useText } from "~/url/search";
import { COLUMNS as OF_ALL } from "../../executions/columns";
import { Rows } from "../../executions/Rows";
import { EXECUTIONS } from "../../executions/row";
import css from "./Tabs.module.css";

const EVERY_MS = 5_000;
const NEWEST_FIRST = { field: "state.startDate", descending: true };
export const termsOfFlow = (flow: { namespace: string; id: string }): string =>
  `flow:${flow.id} namespace:${flow.namespace}`;

/** The flow goes without saying, so the id is what leads to an execution. */
const COLUMNS: readonly Column<Execution>[] = OF_ALL.map((column) =>
  column.id === "id" ? { ...column, width: 210, primary: true, cell: (row) => row.id } : column,
);
const SHOWN = ["state", "id", "start", "duration", "trigger", "labels", "revision"];

export function ExecutionsOf({ flow }: { flow: Flow }) {
  const [query, setQuery] = useText("query");
  const [range, setRange] = useTimeRange("P7D");
  const [sort, setSort] = useSort(NEWEST_FIRST);
  const filter = useMemo(
    () => ({ namespace: flow.namespace, flowId: flow.id, query, ...rangeParams(range) }),
    [flow.namespace, flow.id, query, range],
  );
  const params = useMemo(() => ({ ...filter, sort: sortText(sort) }), [filter, sort]);
  const live = useRows(EXECUTIONS, params, isOpen(range));
  const histogram = useHistogram("executions", filter, isOpen(range) ? EVERY_MS : false);
  return (
    <div className={css.tab}>
      <div className={css.bar}>
        <QueryBar
          kind="executions"
          value={query}
          onChange={setQuery}
          params={filter}
          placeholder="Search: state:FAILED duration:>10s label:team=sales"
        />
        <RangePicker range={range} onRange={setRange} />
        <span className={css.note}>
          <RowsNote live={live} filter={filter} isOpen={isOpen(range)} />
          <Link
            to={executionsLink(
              `${termsOfFlow(flow)} ${query}`.trim(),
              range.timeRange ? { timeRange: range.timeRange } : { ...range },
            )}
          >
            open in Executions
          </Link>
        </span>
      </div>
      {histogram.data && histogram.data.buckets.length > 0 && (
        <div className={css.chart}>
          <StateChart
            buckets={histogram.data.buckets}
            intervalMs={durationMs(histogram.data.interval) ?? 60_000}
            onRange={(startDate, endDate) => setRange({ startDate, endDate })}
            onState={(state) => setQuery(withTerm(query, `state:${state}`))}
            height={90}
          />
        </div>
      )}
      <Rows live={live} columns={COLUMNS} shown={SHOWN} sort={sort} onSort={setSort} filter={filter} />
    </div>
  );
}

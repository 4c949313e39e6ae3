/** The executions of one flow. */
import { useCallback, useMemo } from "react";
import { Link } from "react-router";
import { useExecutions } from "~/api/executions";
import type { Flow } from "~/api/flows";
import { useHistogram } from "~/api/queries";
import { type Execution, hasEnded } from "~/api/types";
import { executionLink, executionsLink } from "~/app/links";
import { type Column, defaultColumns } from "~/parts/columns";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { QueryBar } from "~/parts/QueryBar";
import { withTerm } from "~/parts/query";
import { RangePicker } from "~/parts/RangePicker";
import { StateBadge } from "~/parts/StateBadge";
import { StateChart } from "~/parts/StateChart";
import { Duration, Instant } from "~/parts/Time";
import { VirtualTable } from "~/parts/VirtualTable";
import { durationMs } from "~/time/duration";
import { isOpen, rangeParams, useTimeRange } from "~/url/range";
import { sortText, useSort, useText } from "~/url/search";
import css from "./Tabs.module.css";

const EVERY_MS = 5_000;
const NEWEST_FIRST = { field: "state.startDate", descending: true };
const idOf = (row: Execution) => row.id;
const linkOf = (row: Execution) => executionLink(row.id);
export const termsOfFlow = (flow: { namespace: string; id: string }): string =>
  `flow:${flow.id} namespace:${flow.namespace}`;

const COLUMNS: readonly Column<Execution>[] = [
  {
    id: "state",
    title: "State",
    width: 124,
    sort: "state.current",
    cell: (row) => <StateBadge state={row.state.current} />,
  },
  { id: "id", title: "Execution", width: 210, grow: 1, primary: true, cell: (row) => row.id },
  {
    id: "start",
    title: "Start",
    width: 172,
    sort: "state.startDate",
    downFirst: true,
    cell: (row) => <Instant at={row.state.startDate} />,
  },
  {
    id: "duration",
    title: "Duration",
    width: 110,
    sort: "state.duration",
    downFirst: true,
    align: "end",
    cell: (row) => (
      <Duration
        from={row.state.startDate}
        to={hasEnded(row.state.current) ? (row.state.endDate ?? row.state.startDate) : null}
      />
    ),
  },
  { id: "revision", title: "Revision", width: 84, align: "end", cell: (row) => row.flowRevision },
  {
    id: "labels",
    title: "Labels",
    width: 160,
    grow: 2,
    cell: (row) =>
      (row.labels ?? [])
        .filter((label) => !label.key.startsWith("system."))
        .map((label) => `${label.key}: ${label.value}`)
        .join(", "),
  },
];
const SHOWN = defaultColumns(COLUMNS);

export function ExecutionsOf({ flow }: { flow: Flow }) {
  const [query, setQuery] = useText("query");
  const [range, setRange] = useTimeRange("P7D");
  const [sort, setSort] = useSort(NEWEST_FIRST);
  const filter = useMemo(
    () => ({ namespace: flow.namespace, flowId: flow.id, query, ...rangeParams(range) }),
    [flow.namespace, flow.id, query, range],
  );
  const params = useMemo(() => ({ ...filter, sort: sortText(sort) }), [filter, sort]);
  const list = useExecutions(params);
  const histogram = useHistogram("executions", filter, isOpen(range) ? EVERY_MS : false);
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.results) ?? [], [list.data]);
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = list;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  const total = list.data?.pages[0]?.total;
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
          {total?.toLocaleString()}{" "}
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
      {list.isPending ? (
        <Loading what="executions" />
      ) : list.isError ? (
        <ErrorBox error={list.error} retry={() => void list.refetch()} />
      ) : (
        <VirtualTable
          label="Executions"
          columns={COLUMNS}
          shown={SHOWN}
          rows={rows}
          idOf={idOf}
          linkOf={linkOf}
          sort={sort}
          onSort={setSort}
          onEnd={onEnd}
          total={total}
          empty={<Empty title="No execution in this range">Choose a longer range, or run the flow.</Empty>}
        />
      )}
    </div>
  );
}

/** A list's chart: by state over time; its brush sets the range, its legend the state. */
import { memo, useCallback } from "react";
import type { Params } from "~/api/client";
import { useHistogram } from "~/api/queries";
import { durationMs } from "~/time/duration";
import type { TimeRange } from "~/url/range";
import { Card } from "../Page";
import { withTerm } from "../query";
import { StateChart } from "../StateChart";

interface Props {
  kind: "taskruns" | "executions";
  params: Params;
  everyMs: number | false;
  query: string;
  onQuery: (query: string) => void;
  onRange: (range: TimeRange) => void;
}

/** Rows come all the time: it is drawn again only for what it shows. */
export const ListChart = memo(function ListChart({ kind, params, everyMs, query, onQuery, onRange }: Props) {
  const { data } = useHistogram(kind, params, everyMs);
  const brushed = useCallback(
    (startDate: string, endDate: string) => onRange({ startDate, endDate }),
    [onRange],
  );
  const picked = useCallback((state: string) => onQuery(withTerm(query, `state:${state}`)), [query, onQuery]);
  if (!data) return null;
  return (
    <Card label="Chart">
      <StateChart
        buckets={data.buckets}
        intervalMs={durationMs(data.interval ?? "") ?? 60_000}
        onRange={brushed}
        onState={picked}
        height={104}
      />
    </Card>
  );
});

/** The time range of a page: relative (`timeRange=PT24H`, and it stays so in a shared link) or from and to. */
import { useCallback, useMemo } from "react";
import { durationMs } from "~/time/duration";
import { useSearch } from "./search";

export interface TimeRange {
  /** ISO duration back from now. */
  timeRange?: string;
  startDate?: string;
  endDate?: string;
}

export const RANGES: readonly { timeRange: string; title: string }[] = [
  { timeRange: "PT5M", title: "Last 5 minutes" },
  { timeRange: "PT15M", title: "Last 15 minutes" },
  { timeRange: "PT1H", title: "Last hour" },
  { timeRange: "PT6H", title: "Last 6 hours" },
  { timeRange: "PT24H", title: "Last 24 hours" },
  { timeRange: "P2D", title: "Last 2 days" },
  { timeRange: "P7D", title: "Last 7 days" },
  { timeRange: "P30D", title: "Last 30 days" },
  { timeRange: "P90D", title: "Last 90 days" },
];

/** In the address for "no bound at all"; it is not sent. */
export const ALL_TIME = "all";

export function useTimeRange(otherwise: string): [TimeRange, (range: TimeRange) => void] {
  const [params, change] = useSearch();
  const range = useMemo<TimeRange>(() => {
    const startDate = params.get("startDate") ?? undefined;
    const endDate = params.get("endDate") ?? undefined;
    if (startDate !== undefined || endDate !== undefined) return { startDate, endDate };
    return { timeRange: params.get("timeRange") ?? otherwise };
  }, [params, otherwise]);
  const set = useCallback(
    (next: TimeRange) =>
      change({
        timeRange: next.timeRange === otherwise ? null : next.timeRange,
        startDate: next.startDate,
        endDate: next.endDate,
      }),
    [change, otherwise],
  );
  return [range, set];
}

/** What a search is sent. */
export function rangeParams(range: TimeRange): Record<string, string | undefined> {
  return { ...range, timeRange: range.timeRange === ALL_TIME ? undefined : range.timeRange };
}

/** Whether "now" belongs to it: only then there is something new to wait for. */
export const isOpen = (range: TimeRange): boolean => range.endDate === undefined;

/** What is tried and then done is of the same time: a range that goes with the clock stands still meanwhile. */
export function frozen({
  timeRange,
  ...rest
}: Record<string, string | undefined>): Record<string, string | undefined> {
  const where = Object.fromEntries(Object.entries(rest).filter(([, value]) => value));
  const back = timeRange === undefined ? null : durationMs(timeRange);
  const now = Date.now();
  if (rest.endDate === undefined) where.endDate = new Date(now).toISOString();
  if (back !== null) where.startDate = new Date(now - back).toISOString();
  return where;
}

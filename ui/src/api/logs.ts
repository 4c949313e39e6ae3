/** Log lines of all executions: found in pieces, and counted by level over time. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { get, type Params } from "./client";
import type { AsOf, LogLine, Paged } from "./types";

export const LOGS_PAGE_SIZE = 200;

export function useLogs(params: Params) {
  return useInfiniteQuery({
    queryKey: ["logs", "search", params],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      get<Paged<LogLine>>(
        "/logs/search",
        { ...params, size: LOGS_PAGE_SIZE, cursor: pageParam ?? undefined },
        signal,
      ),
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
  });
}

/** How many lines there are now: more than when the list was read means new ones. */
export function useLogCount(params: Params, everyMs: number | false) {
  return useQuery({
    queryKey: ["logs", "count", params],
    queryFn: ({ signal }) => get<{ total: number }>("/logs/count", { ...params, total: "bounded" }, signal),
    refetchInterval: everyMs,
    enabled: everyMs !== false,
  });
}

export interface LevelHistogram {
  interval: string | null;
  buckets: readonly { start: string; counts: Readonly<Partial<Record<string, number>>> }[];
  asOf?: AsOf;
}

export function useLevels(params: Params, everyMs: number | false) {
  return useQuery({
    queryKey: ["logs", "histogram", params],
    queryFn: ({ signal }) => get<LevelHistogram>("/logs/histogram", { ...params, by: "level" }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
  });
}

export const linesOf = (executionId: string, params: Params, signal?: AbortSignal) =>
  get<readonly LogLine[]>(`/logs/${encodeURIComponent(executionId)}`, params, signal);

/** Log lines: counted by level over time, and those of one execution. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { get, type Params } from "./client";
import type { AsOf, LogLine } from "./types";

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

/** What the dashboard asks: all with the same time and namespace, so that its numbers fit together. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { get, type Params, post } from "~/api/client";
import type { Execution, Facets, Paged, State, Statistics } from "~/api/types";

export const RUNNING: readonly State[] = [
  "CREATED",
  "SUBMITTED",
  "QUEUED",
  "RESTARTED",
  "RUNNING",
  "PAUSED",
  "RETRYING",
  "KILLING",
];
export const WENT_WELL: readonly State[] = ["SUCCESS", "WARNING", "CANCELLED"];
export const WENT_WRONG: readonly State[] = ["FAILED", "KILLED", "RETRIED"];

const RUNNING_SHOWN = 8;
const RUNNING_EVERY_MS = 2_000;

export const stateTerm = (states: readonly State[]): string => `state:${states.join(",")}`;

/** How many runs are in which state. */
export function useStates(kind: "executions" | "taskruns", params: Params, everyMs: number | false) {
  return useQuery({
    queryKey: [kind, "facets", "dashboard", params],
    queryFn: async ({ signal }) => {
      const found = await get<Facets>(`/${kind}/facets`, { ...params, field: "state", size: 20 }, signal);
      const counts = new Map(
        (found.facets.state?.values ?? []).map((each) => [each.value as State, each.count]),
      );
      return { total: found.total, counts };
    },
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
  });
}

/** What runs now, whenever it began. */
export function useInProgress(namespace: string) {
  return useQuery({
    queryKey: ["executions", "in progress", namespace],
    queryFn: ({ signal }) =>
      get<Paged<Execution>>(
        "/executions/search",
        { query: stateTerm(RUNNING), namespace, size: RUNNING_SHOWN, sort: "state.startDate:asc" },
        signal,
      ),
    refetchInterval: RUNNING_EVERY_MS,
    placeholderData: keepPreviousData,
  });
}

export function useGroups(kind: "executions" | "taskruns", params: Params, everyMs: number | false) {
  return useQuery({
    queryKey: [kind, "statistics", "dashboard", params],
    queryFn: ({ signal }) => get<Statistics>(`/${kind}/statistics`, params, signal),
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
  });
}

export function useSummary(namespace: string) {
  return useQuery({
    queryKey: ["flows", "summary", namespace],
    queryFn: () =>
      post<{ flows: number; triggers: number }>("/stats/summary", { namespace: namespace || null }),
    staleTime: 10_000,
  });
}

export const sumOf = (counts: ReadonlyMap<State, number> | undefined, states: readonly State[]): number =>
  states.reduce((sum, state) => sum + (counts?.get(state) ?? 0), 0);

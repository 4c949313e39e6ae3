/** Task runs from the server: the list in pieces, what changes in it, figures, one of them, its log. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { get, type Params } from "./client";
import {
  type ExecutionEvent,
  type Facets,
  hasEnded,
  type LogLine,
  type Paged,
  type Statistics,
  type TaskRun,
  type TaskRunDetails,
} from "./types";

export const PAGE_SIZE = 100;
const RUNNING_EVERY_MS = 1_500;
const EVENTS_SIZE = 1_000;

/** Rows by cursor where the server gives one, else by the number of the page. Another `round` begins anew. */
export function useTaskRuns(params: Params, round = 0) {
  return useInfiniteQuery({
    queryKey: ["taskruns", "search", params, round],
    initialPageParam: { page: 1 } as { page?: number; cursor?: string },
    queryFn: ({ pageParam, signal }) =>
      get<Paged<TaskRun>>("/taskruns/search", { ...params, size: PAGE_SIZE, ...pageParam }, signal),
    getNextPageParam: (last, all) => {
      if (last.next) return { cursor: last.next };
      if (last.next === null || last.results.length < PAGE_SIZE) return undefined;
      return { page: all.length + 1 };
    },
    placeholderData: keepPreviousData,
    // What changes comes by the standing query; who has scrolled far does not load all of it anew.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    refetchOnMount: "always",
  });
}

/** The first rows as they are now: what is among them and not in the list is new. */
export function useNewestTaskRuns(params: Params, everyMs: number | false) {
  return useQuery({
    queryKey: ["taskruns", "newest", params],
    queryFn: ({ signal }) => get<Paged<TaskRun>>("/taskruns/search", { ...params, size: PAGE_SIZE }, signal),
    refetchInterval: everyMs,
    enabled: everyMs !== false,
  });
}

export interface Count {
  total: number;
  totalIsExact: boolean;
}

/** How many there are: to the last one, or up to 10,000. */
export function useCount(
  params: Params,
  total: "exact" | "bounded",
  enabled = true,
  everyMs: number | false = false,
) {
  return useQuery({
    queryKey: ["taskruns", "count", total, params],
    queryFn: ({ signal }) => get<Count>("/taskruns/count", { ...params, total }, signal),
    enabled,
    refetchInterval: everyMs,
  });
}

/** How often which values occur among what matches. */
export function useFacets(params: Params, field: readonly string[], size: number, everyMs: number | false) {
  return useQuery({
    queryKey: ["taskruns", "facets", field, size, params],
    queryFn: ({ signal }) => get<Facets>("/taskruns/facets", { ...params, field, size }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
  });
}

export interface StatisticsAsked {
  groupBy: string;
  order: string;
  size: number;
}

/** Counts, failures, run and waiting times by group. */
export function useStatistics(params: Params, asked: StatisticsAsked, everyMs: number | false = false) {
  return useQuery({
    queryKey: ["taskruns", "statistics", asked, params],
    queryFn: ({ signal }) => get<Statistics>("/taskruns/statistics", { ...params, ...asked }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
  });
}

/** One task run, asked for again as long as it runs. */
export function useTaskRun(id: string) {
  return useQuery({
    queryKey: ["taskruns", "one", id],
    queryFn: ({ signal }) =>
      get<TaskRun & { details?: TaskRunDetails }>(`/taskruns/${encodeURIComponent(id)}`, {}, signal),
    refetchInterval: ({ state }) =>
      state.data !== undefined && !hasEnded(state.data.state.current) ? RUNNING_EVERY_MS : false,
  });
}

export function useTaskRunLog(taskRun: TaskRun, attempt: number | null, everyMs: number | false) {
  return useQuery({
    queryKey: ["logs", taskRun.executionId, taskRun.id, attempt],
    queryFn: ({ signal }) =>
      get<LogLine[]>(
        `/logs/${encodeURIComponent(taskRun.executionId)}`,
        { taskRunId: taskRun.id, attempt },
        signal,
      ),
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
  });
}

/** The events of its execution that are about one task run, the oldest first. */
export function useTaskRunEvents(taskRun: TaskRun, everyMs: number | false) {
  return useInfiniteQuery({
    queryKey: ["taskruns", "events", taskRun.executionId, taskRun.id],
    initialPageParam: 1,
    queryFn: ({ pageParam, signal }) =>
      get<{ results: readonly ExecutionEvent[]; next: number | null }>(
        `/executions/${encodeURIComponent(taskRun.executionId)}/events`,
        { from: pageParam, size: EVENTS_SIZE, taskRunId: taskRun.id },
        signal,
      ),
    getNextPageParam: (last) => last.next,
    refetchInterval: everyMs,
  });
}

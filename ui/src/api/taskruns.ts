/** Task runs from the server: figures of many, one of them, its log, its events. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { get, type Params } from "./client";
import {
  type ExecutionEvent,
  type Facets,
  hasEnded,
  type LogLine,
  type Statistics,
  type TaskRun,
  type TaskRunDetails,
} from "./types";

const RUNNING_EVERY_MS = 1_500;
const EVENTS_SIZE = 1_000;

/** How often which values occur among what matches; without `params` nobody asks yet. */
export function useFacets(
  params: Params | undefined,
  field: readonly string[],
  size: number,
  everyMs: number | false,
) {
  return useQuery({
    queryKey: ["taskruns", "facets", field, size, params],
    queryFn: ({ signal }) => get<Facets>("/taskruns/facets", { ...params, field, size }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
    enabled: params !== undefined,
  });
}

export interface StatisticsAsked {
  groupBy: string;
  order: string;
  size: number;
}

/** Counts, failures, run and waiting times by group. */
export function useStatistics(
  params: Params | undefined,
  asked: StatisticsAsked,
  everyMs: number | false = false,
) {
  return useQuery({
    queryKey: ["taskruns", "statistics", asked, params],
    queryFn: ({ signal }) => get<Statistics>("/taskruns/statistics", { ...params, ...asked }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
    enabled: params !== undefined,
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

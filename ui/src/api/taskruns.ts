/** Task runs from the server: the list in pieces, one of them, its log. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { get, type Params } from "./client";
import { hasEnded, type LogLine, type Paged, type TaskRun, type TaskRunDetails } from "./types";

export const PAGE_SIZE = 100;
const RUNNING_EVERY_MS = 1_500;

/** Rows by cursor where the server gives one, else by the number of the page. */
export function useTaskRuns(params: Params) {
  return useInfiniteQuery({
    queryKey: ["taskruns", "search", params],
    initialPageParam: { page: 1 } as { page?: number; cursor?: string },
    queryFn: ({ pageParam, signal }) =>
      get<Paged<TaskRun>>("/taskruns/search", { ...params, size: PAGE_SIZE, ...pageParam }, signal),
    getNextPageParam: (last, all) => {
      if (last.next) return { cursor: last.next };
      if (last.next === null || last.results.length < PAGE_SIZE) return undefined;
      return { page: all.length + 1 };
    },
  });
}

/** The newest rows as they are now: what is among them and not in the list is new. */
export function useNewestTaskRuns(params: Params, everyMs: number | false) {
  return useQuery({
    queryKey: ["taskruns", "newest", params],
    queryFn: ({ signal }) => get<Paged<TaskRun>>("/taskruns/search", { ...params, size: PAGE_SIZE }, signal),
    refetchInterval: everyMs,
    enabled: everyMs !== false,
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
    refetchInterval: everyMs,
  });
}

/** The events of an execution, and what differs between two moments or two executions. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { get, type Params } from "./client";
import { executionPath } from "./executions";
import type { State } from "./types";

export interface Fact {
  type: string;
  id?: string;
  taskRunId?: string;
  taskId?: string;
  value?: string;
  state?: State;
  [name: string]: unknown;
}

export interface ExecutionEvent {
  seq: number;
  at: string;
  cause: { id: string; type?: string; taskRunId?: string; by?: string; note?: string };
  facts: readonly Fact[];
}

interface EventPage {
  results: readonly ExecutionEvent[];
  next: number | null;
  /** The number of the newest. */
  last: number;
}

const PAGE = 200;
const path = (id: string) => `${executionPath(id)}/events`;

/** How many events there are. `changed`: what tells that there may be more. */
export function useLastSeq(id: string, changed: unknown): number | undefined {
  const { data } = useQuery({
    queryKey: ["executions", "events", id, "last", changed],
    queryFn: ({ signal }) => get<EventPage>(path(id), { from: BEYOND, size: 1 }, signal),
    placeholderData: (before) => before,
  });
  return data?.last;
}
const BEYOND = 999_999_999;

/** The events around some places, from 0: page by page, each asked for once. */
export function useEvents(id: string, last: number, first: number, end: number) {
  const pages = useMemo(() => {
    const found: number[] = [];
    const newest = Math.floor(Math.max(0, last - 1) / PAGE);
    for (let page = Math.floor(first / PAGE); page <= Math.min(newest, Math.floor(end / PAGE)); page++)
      found.push(page);
    return found;
  }, [last, first, end]);
  return useQueries({
    queries: pages.map((page) => ({
      // The last page grows.
      queryKey: ["executions", "events", id, page, Math.min(last, (page + 1) * PAGE)],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        get<EventPage>(path(id), { from: page * PAGE + 1, size: PAGE }, signal),
      staleTime: Number.POSITIVE_INFINITY,
    })),
    combine: (answers) => ({
      error: answers.find((each) => each.isError)?.error ?? null,
      isPending: answers.some((each) => each.isPending),
      bySeq: new Map(
        answers.flatMap((each) => each.data?.results.map((event) => [event.seq, event] as const) ?? []),
      ),
    }),
  });
}

export function useEvent(id: string, seq: number | null) {
  return useQuery({
    queryKey: ["executions", "events", id, "one", seq],
    queryFn: async ({ signal }) =>
      (await get<EventPage>(path(id), { from: seq, size: 1 }, signal)).results[0] ?? null,
    enabled: seq !== null,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (before) => before,
  });
}

export interface Look {
  id: string;
  state: State;
  attempts: number;
  durationMs: number;
  outputs: Record<string, unknown> | null;
  error?: string;
}

export interface TaskRunDiff {
  taskId: string;
  values: readonly string[];
  before: Look | null;
  after: Look | null;
}

interface Point {
  executionId: string;
  seq: number;
  at: string;
  state: State;
  flowRevision: number;
  taskRunCount: number;
}

export interface Diff {
  from: Point;
  to: Point;
  taskRuns: readonly TaskRunDiff[];
  labels?: { before: unknown; after: unknown };
  inputs?: { before: unknown; after: unknown };
  outputs?: { before: unknown; after: unknown };
}

/** `with`: another execution, of which `from` speaks. */
export function useDiff(id: string, params: Params, enabled: boolean, changed?: unknown) {
  return useQuery({
    queryKey: ["executions", "diff", id, params, changed],
    queryFn: ({ signal }) => get<Diff>(`${executionPath(id)}/diff`, params, signal),
    enabled,
    placeholderData: (before) => before,
  });
}

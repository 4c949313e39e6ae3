/**
 * Executions from the server: the list in pieces, and one of them followed live.
 *
 * A followed execution never goes back: what is older than what was shown is dropped. Task runs that did
 * not change stay the same objects, so that what is drawn from them need not be made again.
 */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { afterWrite, get, type Params } from "./client";
import { ApiError } from "./errors";
import { openStream, type StreamState } from "./sse";
import { type Execution, hasEnded, type Paged, type TaskRun } from "./types";

export const PAGE_SIZE = 100;

/** Rows by cursor. */
export function useExecutions(params: Params) {
  return useInfiniteQuery({
    queryKey: ["executions", "search", params],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      get<Paged<Execution>>(
        "/executions/search",
        { ...params, size: PAGE_SIZE, cursor: pageParam ?? undefined },
        signal,
      ),
    getNextPageParam: (last) => last.next ?? undefined,
  });
}

/** The newest rows as they are now: what is among them and not in the list is new. */
export function useNewestExecutions(params: Params, everyMs: number | false) {
  return useQuery({
    queryKey: ["executions", "newest", params],
    queryFn: ({ signal }) =>
      get<Paged<Execution>>("/executions/search", { ...params, size: PAGE_SIZE }, signal),
    refetchInterval: everyMs,
    enabled: everyMs !== false,
  });
}

export const executionPath = (id: string): string => `/executions/${encodeURIComponent(id)}`;

/** An execution as it was after one of its events. */
export function useExecutionAt(id: string, seq: number | null) {
  return useQuery({
    queryKey: ["executions", "at", id, seq],
    queryFn: ({ signal }) => get<Execution>(executionPath(id), { at: seq }, signal),
    enabled: seq !== null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    // While the next picture comes, the one before stays.
    placeholderData: (before) => (before?.id === id ? before : undefined),
  });
}

export interface Followed {
  execution: Execution | undefined;
  error: unknown;
  /** "idle": it has ended and nothing is followed. */
  stream: StreamState | "idle";
  /** Read it again, and follow it if it goes on: after an action. */
  reload: () => void;
}

const RELOAD_AFTER_MS = 5_000;

/** Follow an execution until it ends; whoever comes back to the page sees what became of it meanwhile. */
export function useExecution(id: string): Followed {
  const [execution, setExecution] = useState<Execution>();
  const [error, setError] = useState<unknown>();
  const [stream, setStream] = useState<StreamState | "idle">("connecting");
  const [round, setRound] = useState(0);
  const readAt = useRef(0);

  useEffect(() => {
    setExecution(undefined);
    setError(undefined);
    readAt.current = 0;
    void id;
  }, [id]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: each round reads anew
  useEffect(() => {
    const control = new AbortController();
    let close = () => control.abort();
    const take = (next: Execution) => {
      readAt.current = Date.now();
      setError(undefined);
      setExecution((known) => newest(known, next));
    };
    const follow = () => {
      close = openStream(`${executionPath(id)}/follow`, {
        onEvent: ({ id: eventId, data }) => {
          take(JSON.parse(data) as Execution);
          return eventId !== "end";
        },
        onState: (state, refused) => {
          setStream(state === "ended" ? "idle" : state);
          if (refused !== undefined) setError(refused);
        },
      });
    };
    const begin = async () => {
      try {
        const found = await get<Execution>(executionPath(id), afterWrite(), control.signal);
        if (control.signal.aborted) return;
        take(found);
        if (hasEnded(found.state.current) && round === 0) setStream("idle");
        else follow();
      } catch (failure) {
        if (control.signal.aborted) return;
        // What was started a moment ago may not be known here yet; the stream waits for it.
        if (failure instanceof ApiError && (failure.isMissing || failure.isPassing)) follow();
        else setError(failure);
      }
    };
    void begin();
    return () => close();
  }, [id, round]);

  const reload = useCallback(() => setRound((before) => before + 1), []);
  useEffect(() => {
    const look = () => {
      if (!document.hidden && stream === "idle" && Date.now() - readAt.current > RELOAD_AFTER_MS) reload();
    };
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [stream, reload]);
  return { execution, error, stream, reload };
}

/** The newer of two states of one execution, with the task runs of the known one where they are the same. */
export function newest(known: Execution | undefined, next: Execution): Execution {
  if (known === undefined || known.id !== next.id) return next;
  if (isOlder(next, known)) return known;
  const before = new Map(known.taskRunList?.map((run) => [run.id, run]));
  return { ...next, taskRunList: next.taskRunList?.map((run) => same(before.get(run.id), run)) };
}

function same(before: TaskRun | undefined, run: TaskRun): TaskRun {
  if (before === undefined) return run;
  const unchanged =
    before.state.current === run.state.current &&
    before.state.histories.length === run.state.histories.length &&
    (before.attempts?.length ?? 0) === (run.attempts?.length ?? 0) &&
    before.state.endDate === run.state.endDate &&
    sizeOf(before.outputs) === sizeOf(run.outputs);
  return unchanged ? before : run;
}

const sizeOf = (outputs: TaskRun["outputs"]): number =>
  outputs === null || outputs === undefined ? -1 : Object.keys(outputs).length;

function isOlder(one: Execution, other: Execution): boolean {
  const by = one.state.histories.length - other.state.histories.length;
  return by === 0 ? lastChange(one) < lastChange(other) : by < 0;
}

function lastChange(execution: Execution): string {
  let last = execution.state.histories.at(-1)?.date ?? "";
  for (const run of execution.taskRunList ?? []) {
    const date = run.state.histories.at(-1)?.date ?? "";
    if (date > last) last = date;
  }
  return last;
}

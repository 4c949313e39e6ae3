/**
 * One execution from the server, followed live.
 *
 * A followed execution never goes back: what is older than what was shown is dropped. Task runs that did
 * not change stay the same objects, so that what is drawn from them need not be made again.
 */
import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { afterWrite, get } from "./client";
import { ApiError } from "./errors";
import type { Told } from "./follow.worker";
import { newest, stepped } from "./newest";
import type { StreamState } from "./sse";
import { type Execution, hasEnded } from "./types";

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

  useEffect(() => {
    const control = new AbortController();
    let close = () => control.abort();
    const take = (next: Execution) => {
      readAt.current = Date.now();
      setError(undefined);
      setExecution((known) => newest(known, next));
    };
    const follow = () => {
      const worker = new Worker(new URL("./follow.worker.ts", import.meta.url), { type: "module" });
      worker.onmessage = ({ data: told }: MessageEvent<Told>) => {
        if ("step" in told) {
          readAt.current = Date.now();
          setError(undefined);
          setExecution((known) => stepped(known, told.step));
          return;
        }
        setStream(told.stream === "ended" ? "idle" : told.stream);
        if (told.refused !== undefined) setError(new ApiError(told.refused.status, told.refused.message));
      };
      worker.postMessage(`${executionPath(id)}/follow`);
      close = () => worker.terminate();
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

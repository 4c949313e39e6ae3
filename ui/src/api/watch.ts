/**
 * A search that goes on: what changed among its rows since it was made, as the server tells it.
 *
 * Nothing older comes after something newer. What is new is only counted: whoever looks decides when rows move.
 */
import { useEffect, useMemo, useState } from "react";
import { noteFreshness } from "~/app/freshness";
import type { Params } from "./client";
import { openStream, type StreamEvent, type StreamState } from "./sse";
import type { TaskRun } from "./types";

export interface Watched {
  state: StreamState | "off";
  /** The newest of each that fits. */
  changed: ReadonlyMap<string, TaskRun>;
  entered: ReadonlySet<string>;
  /** They fit no more, or are deleted. */
  left: ReadonlySet<string>;
  /** How often the stream began anew without what lies between: look yourself. */
  gaps: number;
}

const NONE: Watched = { state: "off", changed: new Map(), entered: new Set(), left: new Set(), gaps: 0 };
const SHOWN_EVERY_MS = 200;
const KEPT_MAX = 5_000;

/** `round`: another one begins anew. */
export function useTaskRunWatch(params: Params, round: number, on: boolean): Watched {
  const [watched, setWatched] = useState<Watched>(NONE);
  const key = JSON.stringify(params);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round has nothing of the one before
  useEffect(() => {
    setWatched(NONE);
    if (!on) return;
    let batch: StreamEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = () => {
      timer = undefined;
      const events = batch;
      batch = [];
      setWatched((before) => after(before, events));
    };
    const close = openStream("/taskruns/watch", {
      params: JSON.parse(key) as Params,
      onState: (state) => setWatched((before) => ({ ...before, state })),
      onEvent: (event) => {
        noteFreshness({ token: "", behindMs: 0, at: "" });
        batch.push(event);
        timer ??= setTimeout(show, SHOWN_EVERY_MS);
        return undefined;
      },
    });
    return () => {
      clearTimeout(timer);
      close();
    };
  }, [key, round, on]);
  return useMemo(() => watched, [watched]);
}

export function after(before: Watched, events: readonly StreamEvent[]): Watched {
  const changed = new Map(before.changed);
  const entered = new Set(before.entered);
  const left = new Set(before.left);
  let gaps = before.gaps;
  for (const { event, data } of events) {
    if (event === "resync" || event === "hello") gaps++;
    if (event !== "entered" && event !== "updated" && event !== "left") continue;
    const { id, taskrun } = JSON.parse(data) as { id: string; taskrun?: TaskRun };
    changed.delete(id);
    if (taskrun === undefined) {
      entered.delete(id);
      left.add(id);
    } else {
      changed.set(id, taskrun);
      left.delete(id);
      if (event === "entered") entered.add(id);
    }
  }
  for (const kept of [changed, entered, left]) {
    for (const id of kept.keys()) {
      if (kept.size <= KEPT_MAX) break;
      kept.delete(id);
    }
  }
  return { ...before, changed, entered, left, gaps };
}

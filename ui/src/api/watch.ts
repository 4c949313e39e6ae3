/**
 * A search that goes on: what changed among its rows since it was made, as the server tells it.
 *
 * Nothing older comes after something newer. What is new is only counted: whoever looks decides when rows move.
 */
import { useEffect, useMemo, useState } from "react";
import { noteFreshness } from "~/app/freshness";
import type { Params } from "./client";
import type { ListKind } from "./lists";
import { openStream, type StreamEvent, type StreamState } from "./sse";

export interface Watched<Row> {
  state: StreamState | "off";
  /** The newest of each that fits. */
  changed: ReadonlyMap<string, Row>;
  entered: ReadonlySet<string>;
  /** They fit no more, or are deleted. */
  left: ReadonlySet<string>;
  /** How often the stream began anew without what lies between: look yourself. */
  gaps: number;
}

const NONE: Watched<never> = {
  state: "off",
  changed: new Map<string, never>(),
  entered: new Set(),
  left: new Set(),
  gaps: 0,
};
const SHOWN_EVERY_MS = 200;
const KEPT_MAX = 5_000;

/** `round`: another one begins anew. */
export function useWatch<Row>(kind: ListKind, params: Params, round: number, on: boolean): Watched<Row> {
  const [watched, setWatched] = useState<Watched<Row>>(NONE);
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
    const close = openStream(`/${kind}/watch`, {
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
  }, [kind, key, round, on]);
  return useMemo(() => watched, [watched]);
}

export function after<Row>(before: Watched<Row>, events: readonly StreamEvent[]): Watched<Row> {
  const changed = new Map(before.changed);
  const entered = new Set(before.entered);
  const left = new Set(before.left);
  let gaps = before.gaps;
  for (const { event, data } of events) {
    if (event === "resync" || event === "hello") gaps++;
    if (event !== "entered" && event !== "updated" && event !== "left") continue;
    // What it is of stands beside its id, under its own name; what has left is not told.
    const { id, ...told } = JSON.parse(data) as { id: string } & Record<string, Row>;
    const row = Object.values(told)[0];
    changed.delete(id);
    if (row === undefined) {
      entered.delete(id);
      left.add(id);
    } else {
      changed.set(id, row);
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

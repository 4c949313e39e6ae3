import { useSyncExternalStore } from "react";

/** One clock for all that is live on a page: it ticks only while someone looks. */
const TICK_MS = 100;
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    now = Date.now();
    timer = setInterval(tick, TICK_MS);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

function tick() {
  if (document.hidden) return;
  now = Date.now();
  for (const listener of listeners) listener();
}

/** Milliseconds since 1970, anew every `everyMs`. */
export function useNow(everyMs = 1_000): number {
  return useSyncExternalStore(
    subscribe,
    () => Math.floor((timer === undefined ? Date.now() : now) / everyMs) * everyMs,
  );
}

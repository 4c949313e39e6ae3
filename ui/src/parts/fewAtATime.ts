/**
 * The rows in sight, a few new ones a frame: laying out and painting a whole screen of them takes longer than
 * someone who scrolls should wait for the next picture. Those in the middle of the sight come first.
 */
import type { VirtualItem } from "@tanstack/react-virtual";
import { startTransition, useEffect, useState } from "react";

/** So many rows that are not there yet are drawn within one frame. */
export const NEW_MAX = 12;

type Item = Pick<VirtualItem, "key" | "index">;

/** Those of `wanted` that are drawn next, after `drawn` were: all of the first ones, then a few more each time. */
export function nextOf<Wanted extends Item>(
  wanted: readonly Wanted[],
  drawn: readonly Item[],
): readonly Wanted[] {
  if (drawn.length === 0) return wanted;
  const there = new Set(drawn.map((item) => item.key));
  const middle = wanted[wanted.length >> 1]?.index ?? 0;
  const missing = wanted
    .filter((item) => !there.has(item.key))
    .sort((one, other) => Math.abs(one.index - middle) - Math.abs(other.index - middle))
    .slice(0, NEW_MAX);
  const come = new Set(missing.map((item) => item.key));
  return wanted.filter((item) => there.has(item.key) || come.has(item.key));
}

export function useFewAtATime(wanted: readonly VirtualItem[]): readonly VirtualItem[] {
  const [drawn, setDrawn] = useState(wanted);
  useEffect(() => {
    if (drawn.length === wanted.length && drawn.every((item, at) => item === wanted[at])) return;
    // Scrolling never waits for rows: React makes them between frames.
    const frame = requestAnimationFrame(() =>
      startTransition(() => setDrawn((before) => nextOf(wanted, before))),
    );
    return () => cancelAnimationFrame(frame);
  }, [wanted, drawn]);
  return drawn;
}

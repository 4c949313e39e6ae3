/** The part of the axis that is shown: held here while it moves, and in the address once it stands. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useText } from "~/url/search";

const KEPT_AFTER_MS = 300;
const NARROWEST_MS = 2;

/** Milliseconds since the start: `1200-5400`. */
function read(text: string): [number, number] | null {
  const found = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text);
  if (found === null) return null;
  const [from, to] = [Number(found[1]), Number(found[2])];
  return to > from ? [from, to] : null;
}

export function useWindow(start: number, end: number) {
  const [text, setText] = useText("zoom");
  const [held, setHeld] = useState<[number, number] | null>(() => read(text));
  const written = useRef(text);
  useEffect(() => {
    // Back, or a link, says another window.
    if (text !== written.current) {
      written.current = text;
      setHeld(read(text));
    }
  }, [text]);
  useEffect(() => {
    const next = held === null ? "" : held.map((each) => Math.round(each * 10) / 10).join("-");
    if (next === written.current) return;
    const timer = setTimeout(() => {
      written.current = next;
      setText(next);
    }, KEPT_AFTER_MS);
    return () => clearTimeout(timer);
  }, [held, setText]);

  const whole = end - start;
  const [left, right] = held ?? [0, whole];
  const set = useCallback(
    (from: number, to: number) => {
      const width = Math.max(NARROWEST_MS, Math.min(to - from, whole));
      const first = Math.max(0, Math.min(from, whole - width));
      setHeld(width >= whole ? null : [first, first + width]);
    },
    [whole],
  );
  return useMemo(
    () => ({
      from: start + left,
      to: start + right,
      isZoomed: held !== null,
      fit: () => setHeld(null),
      /** Instants. */
      set: (from: number, to: number) => set(from - start, to - start),
      /** By a factor, around a place from 0 to 1. */
      scale: (factor: number, place = 0.5) => {
        const width = right - left;
        const centre = left + width * place;
        const next = Math.max(NARROWEST_MS, width * factor);
        set(centre - next * place, centre + next * (1 - place));
      },
      /** By a part of what is shown. */
      move: (part: number) => {
        const by = (right - left) * part;
        set(left + by, right + by);
      },
    }),
    [start, left, right, held, set],
  );
}

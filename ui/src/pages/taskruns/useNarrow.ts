import { type RefObject, useEffect, useState } from "react";

/** Whether an element is narrower than so many pixels. */
export function useNarrow(box: RefObject<HTMLElement | null>, belowPx: number): boolean {
  const [narrow, setNarrow] = useState(false);
  useEffect(() => {
    const at = box.current;
    if (at === null) return;
    const watch = new ResizeObserver(() => setNarrow(at.clientWidth < belowPx));
    watch.observe(at);
    return () => watch.disconnect();
  }, [box, belowPx]);
  return narrow;
}

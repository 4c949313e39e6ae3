/** What else is asked of the rows of a list: once they are there themselves, and drawn. */
import { useEffect, useState } from "react";
import type { Rows } from "./useRows";

/** Rows that have come are drawn within so many milliseconds; what else comes in that time makes a frame too long. */
const DRAWN_MS = 250;

/** The filter whose rows have come, or could not; undefined before any have. Rows are what people wait for. */
export function useAfterRows<Row, Filter>({ list }: Rows<Row>, filter: Filter): Filter | undefined {
  const [settled, setSettled] = useState<Filter>();
  const isSettled = !list.isPending && !list.isPlaceholderData;
  useEffect(() => {
    if (!isSettled) return;
    const drawn = setTimeout(() => setSettled(filter), DRAWN_MS);
    return () => clearTimeout(drawn);
  }, [isSettled, filter]);
  return settled;
}

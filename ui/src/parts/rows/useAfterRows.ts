/** What else is asked of the rows of a list: once they are there themselves. */
import { useEffect, useState } from "react";
import type { Rows } from "./useRows";

/** The filter whose rows have come, or could not; undefined before any have. Rows are what people wait for. */
export function useAfterRows<Row, Filter>({ list }: Rows<Row>, filter: Filter): Filter | undefined {
  const [settled, setSettled] = useState<Filter>();
  const isSettled = !list.isPending && !list.isPlaceholderData;
  useEffect(() => {
    if (isSettled) setSettled(filter);
  }, [isSettled, filter]);
  return settled;
}

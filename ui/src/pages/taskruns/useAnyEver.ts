import { useCount } from "~/api/taskruns";

const EVERYTHING = {};

/** Whether there has ever been a task run; asked only where a search finds none, undefined until it is known. */
export function useAnyEver(found: number | undefined): boolean | undefined {
  const all = useCount(EVERYTHING, "bounded", found === 0, found === 0 ? 3_000 : false);
  if (found === undefined) return undefined;
  return found > 0 ? true : all.data && all.data.total > 0;
}

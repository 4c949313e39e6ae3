import { useCount } from "~/api/lists";

const EVERYTHING = {};

/** Whether there has ever been a task run; asked only where a search finds none, undefined until it is known. */
export function useAnyEver(found: number | undefined): boolean | undefined {
  const all = useCount("taskruns", EVERYTHING, { enabled: found === 0, everyMs: 3_000 });
  if (found === undefined) return undefined;
  return found > 0 ? true : all.data && all.data.total > 0;
}

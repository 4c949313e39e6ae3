/**
 * The rows of the list as they are now.
 *
 * Rows in sight change in place and never go back; what is new is counted, what fits no more is marked, until
 * someone asks for the list anew.
 */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import type { Params } from "~/api/client";
import { useNewestTaskRuns, useTaskRuns } from "~/api/taskruns";
import { hasEnded, type TaskRun } from "~/api/types";
import { useTaskRunWatch } from "~/api/watch";

const EVERY_MS = 5_000;
const SELDOM_MS = 60_000;
/** The index may be that much behind what the stream tells. */
const INDEX_LATE_MS = 1_500;
const NO_ROWS: readonly TaskRun[] = [];

export function useRows(params: Params, live: boolean) {
  const client = useQueryClient();
  const [round, setRound] = useState(0);
  const list = useTaskRuns(params, round);
  const watched = useTaskRunWatch(params, round, live);
  // Without the stream the first rows are asked for now and then; with it, once after each gap.
  const none = list.data?.pages[0]?.results.length === 0;
  const seldom = watched.state === "open" && !none;
  const newest = useNewestTaskRuns(params, live && (seldom ? SELDOM_MS : EVERY_MS));
  const { refetch } = newest;
  useEffect(() => {
    if (watched.gaps === 0) return;
    void refetch();
    const timer = setTimeout(() => void refetch(), INDEX_LATE_MS);
    return () => clearTimeout(timer);
  }, [watched.gaps, refetch]);

  const loaded = useMemo(() => list.data?.pages.flatMap((page) => page.results) ?? NO_ROWS, [list.data]);
  const known = useMemo(() => new Set(loaded.map((row) => row.id)), [loaded]);
  const polled = useMemo(() => new Map(newest.data?.results.map((row) => [row.id, row])), [newest.data]);
  const rows = useMemo(
    () => loaded.map((row) => newer(newer(row, polled.get(row.id)), watched.changed.get(row.id))),
    [loaded, polled, watched.changed],
  );
  const fresh = useMemo(() => {
    const last = lastStart(loaded);
    const found = new Set<string>();
    for (const id of watched.entered) if (!known.has(id)) found.add(id);
    for (const row of [...polled.values(), ...watched.changed.values()])
      if (!known.has(row.id) && row.state.startDate > last && !watched.left.has(row.id)) found.add(row.id);
    return found.size;
  }, [loaded, known, polled, watched.entered, watched.changed, watched.left]);
  const gone = useMemo(() => new Set([...watched.left].filter((id) => known.has(id))), [known, watched.left]);

  const show = useCallback(() => {
    setRound((before) => before + 1);
    client.removeQueries({ queryKey: ["taskruns", "newest"] });
    void client.invalidateQueries({
      predicate: ({ queryKey: [of, what] }) => of === "taskruns" && what !== "search",
    });
  }, [client]);
  // Where there are no rows, none can jump.
  const comes = none && fresh > 0 && !list.isFetching;
  useEffect(() => {
    if (comes) show();
  }, [comes, show]);
  return { list, rows, fresh, gone, show, stream: watched.state };
}

function lastStart(rows: readonly TaskRun[]): string {
  let last = "";
  for (const { state } of rows) if (state.startDate > last) last = state.startDate;
  return last;
}

const seqOf = (row: TaskRun) => Number(row.columns?.seq ?? row.state.histories.length);
/** What the log's tail does not know of a task run. */
const OF_THE_INDEX = /^(baseline|slowdown|overdue|label)/;

export function newer(row: TaskRun, other: TaskRun | undefined): TaskRun {
  if (other === undefined || seqOf(other) <= seqOf(row)) return row;
  const kept = Object.entries(row.columns ?? {}).filter(
    ([name]) => OF_THE_INDEX.test(name) && !(name === "overdue" && hasEnded(other.state.current)),
  );
  return { ...other, columns: { ...Object.fromEntries(kept), ...other.columns } };
}

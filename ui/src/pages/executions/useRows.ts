/**
 * The rows of the list as they are now.
 *
 * Rows in sight change in place and never go back; what is new is counted until someone asks for it.
 */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import type { Params } from "~/api/client";
import { useExecutions, useNewestExecutions } from "~/api/executions";
import type { Execution } from "~/api/types";

const NO_ROWS: readonly Execution[] = [];

export function useRows(params: Params, everyMs: number | false) {
  const client = useQueryClient();
  const list = useExecutions(params);
  const newest = useNewestExecutions(params, everyMs);
  const loaded = useMemo(() => list.data?.pages.flatMap((page) => page.results) ?? NO_ROWS, [list.data]);
  const known = useMemo(() => new Set(loaded.map((row) => row.id)), [loaded]);
  const polled = useMemo(() => new Map(newest.data?.results.map((row) => [row.id, row])), [newest.data]);
  const rows = useMemo(() => loaded.map((row) => newer(row, polled.get(row.id))), [loaded, polled]);
  const fresh = useMemo(() => {
    const first = loaded[0]?.state.startDate ?? "";
    return [...polled.values()].filter((row) => !known.has(row.id) && row.state.startDate >= first).length;
  }, [loaded, known, polled]);
  const show = useCallback(() => {
    client.removeQueries({ queryKey: ["executions", "newest"] });
    void client.resetQueries({ queryKey: ["executions", "search"] });
    void client.invalidateQueries({ queryKey: ["executions"] });
  }, [client]);
  return { list, rows, fresh, show, page: newest.data ?? list.data?.pages[0] };
}

const newer = (row: Execution, other: Execution | undefined): Execution =>
  other !== undefined && other.state.histories.length >= row.state.histories.length ? other : row;

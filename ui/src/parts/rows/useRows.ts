/**
 * The rows of a list as they are now.
 *
 * Rows in sight change in place and never go back; what is new is counted, what fits no more is marked, until
 * someone asks for the list anew.
 */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import type { Params } from "~/api/client";
import { type ListKind, useFirstPage, usePages } from "~/api/lists";
import { useWatch } from "~/api/watch";

/** What a list is of. */
export interface RowKind<Row> {
  kind: ListKind;
  /** Whether the server tells what changes; otherwise it is asked now and then. */
  watched: boolean;
  idOf: (row: Row) => string;
  /** When it came to be: an ISO text. */
  startOf: (row: Row) => string;
  /** The newer one of two states of the same. */
  newer: (row: Row, other: Row) => Row;
}

/** A list with its rows. */
export type Rows<Row> = ReturnType<typeof useRows<Row>>;

const EVERY_MS = 5_000;
const SELDOM_MS = 60_000;
/** The index may be that much behind what the stream tells. */
const INDEX_LATE_MS = 1_500;

/** `live`: now belongs to what is asked for. */
export function useRows<Row>(of: RowKind<Row>, params: Params, live: boolean) {
  const { kind, idOf, startOf, newer } = of;
  const client = useQueryClient();
  const [round, setRound] = useState(0);
  const list = usePages<Row>(kind, params, round);
  const watched = useWatch<Row>(kind, params, round, live && of.watched);
  // Without the stream the first rows are asked for now and then; with it, once after each gap, its beginning too.
  const first = list.data?.pages[0];
  const none = first?.results.length === 0;
  const seldom = watched.state === "open" && !none;
  const got = first && !list.isPlaceholderData ? { first, at: list.dataUpdatedAt } : undefined;
  const newest = useFirstPage<Row>(kind, params, live && (seldom ? SELDOM_MS : EVERY_MS), got);
  const { refetch } = newest;
  useEffect(() => {
    if (watched.gaps === 0) return;
    const timer = setTimeout(() => void refetch(), INDEX_LATE_MS);
    return () => clearTimeout(timer);
  }, [watched.gaps, refetch]);

  const loaded = useMemo(() => {
    const all = list.data?.pages.flatMap((page) => page.results) ?? [];
    return new Map(all.map((row) => [idOf(row), row]));
  }, [list.data, idOf]);
  const polled = useMemo(
    () => new Map(newest.data?.results.map((row) => [idOf(row), row])),
    [newest.data, idOf],
  );
  const rows = useMemo(
    () =>
      Array.from(loaded, ([id, row]) =>
        [polled.get(id), watched.changed.get(id)].reduce<Row>(
          (known, other) => (other === undefined ? known : newer(known, other)),
          row,
        ),
      ),
    [loaded, polled, watched.changed, newer],
  );
  const fresh = useMemo(() => {
    let last = "";
    for (const row of loaded.values()) if (startOf(row) > last) last = startOf(row);
    const found = new Set<string>();
    for (const id of watched.entered) if (!loaded.has(id)) found.add(id);
    for (const [id, row] of [...polled, ...watched.changed])
      if (!loaded.has(id) && startOf(row) > last && !watched.left.has(id)) found.add(id);
    return found.size;
  }, [loaded, polled, watched.entered, watched.changed, watched.left, startOf]);
  const gone = useMemo(
    () => new Set([...watched.left].filter((id) => loaded.has(id))),
    [loaded, watched.left],
  );

  const show = useCallback(() => {
    setRound((before) => before + 1);
    client.removeQueries({ queryKey: [kind, "newest"] });
    void client.invalidateQueries({
      predicate: ({ queryKey: [what, part] }) => what === kind && part !== "search",
    });
  }, [client, kind]);
  // Where there are no rows, none can jump.
  const comes = none && fresh > 0 && !list.isFetching;
  useEffect(() => {
    if (comes) show();
  }, [comes, show]);
  return { of, list, rows, fresh, gone, show, stream: watched.state };
}

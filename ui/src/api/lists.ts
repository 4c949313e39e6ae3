/** Lists from the server: rows in pieces, the first of them as they are now, and how many there are. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { get, type Params } from "./client";
import type { Paged } from "./types";

export type ListKind = "taskruns" | "executions" | "logs";

export const PAGE_SIZE = 100;

/** Rows by cursor where the server gives one, else by the number of the page. Another `round` begins anew. */
export function usePages<Row>(kind: ListKind, params: Params, round: number) {
  return useInfiniteQuery({
    queryKey: [kind, "search", params, round],
    initialPageParam: { page: 1 } as { page?: number; cursor?: string },
    queryFn: ({ pageParam, signal }) =>
      get<Paged<Row>>(`/${kind}/search`, { ...params, size: PAGE_SIZE, ...pageParam }, signal),
    getNextPageParam: (last, all) => {
      if (last.next) return { cursor: last.next };
      if (last.next === null || last.results.length < PAGE_SIZE) return undefined;
      return { page: all.length + 1 };
    },
    placeholderData: keepPreviousData,
    // Pages that are there stay the very same: comparing all of them with each new one takes longer the further one scrolls.
    structuralSharing: false,
    // What changes comes by other ways; who has scrolled far does not load all of it anew.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    refetchOnMount: "always",
  });
}

const AS_NEW_MS = 1_000;

/**
 * The first rows as they are now: what is among them and not in the list is new.
 *
 * `list`: those that the list itself has got, which are not asked for once more right after it; undefined until it has.
 */
export function useFirstPage<Row>(
  kind: ListKind,
  params: Params,
  everyMs: number | false,
  list: { first: Paged<Row>; at: number } | undefined,
) {
  return useQuery({
    queryKey: [kind, "newest", params],
    queryFn: ({ signal }) => get<Paged<Row>>(`/${kind}/search`, { ...params, size: PAGE_SIZE }, signal),
    initialData: list?.first,
    initialDataUpdatedAt: list?.at,
    staleTime: AS_NEW_MS,
    refetchInterval: everyMs,
    enabled: everyMs !== false && list !== undefined,
  });
}

export interface Count {
  total: number;
  totalIsExact: boolean;
}

interface CountOptions {
  total?: "exact" | "bounded";
  enabled?: boolean;
  everyMs?: number | false;
}

/** How many there are: up to 10,000, or to the last one. */
export function useCount(
  kind: ListKind,
  params: Params,
  { total = "bounded", enabled = true, everyMs = false }: CountOptions = {},
) {
  return useQuery({
    queryKey: [kind, "count", total, params],
    queryFn: ({ signal }) => get<Count>(`/${kind}/count`, { ...params, total }, signal),
    enabled,
    refetchInterval: everyMs,
  });
}

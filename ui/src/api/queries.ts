/** What several pages ask for: with TanStack Query, so that two who ask at once ask once. */
import { keepPreviousData, QueryClient, useQuery } from "@tanstack/react-query";
import { get, type Params } from "./client";
import { ApiError } from "./errors";
import type { Facets, Histogram, Kind, QueryCheck, QueryField } from "./types";

const RETRIES_MAX = 3;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      retry: (count, error) => count < RETRIES_MAX && error instanceof ApiError && error.isPassing,
      retryDelay: (count, error) =>
        error instanceof ApiError && error.retryAfterS !== null
          ? error.retryAfterS * 1_000
          : Math.min(500 * 2 ** count, 8_000),
    },
  },
});

/** A missing route is answered by null: then the page does without. */
async function ifThere<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApiError && error.isMissing) return null;
    throw error;
  }
}

/** The fields that a query may name; none where the server does not tell. */
export function useQueryFields(kind: Kind): readonly QueryField[] {
  const { data } = useQuery({
    queryKey: ["queries", "fields", kind],
    queryFn: ({ signal }) => ifThere(get<QueryField[]>("/queries/fields", { kind }, signal)),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data ?? NONE;
}
const NONE: readonly QueryField[] = [];

/** Whether a query can be read, and where it cannot; undefined as long as nobody knows. */
export function useQueryCheck(kind: Kind, query: string): QueryCheck | undefined {
  const { data } = useQuery({
    queryKey: ["queries", "check", kind, query],
    queryFn: ({ signal }) => ifThere(get<QueryCheck>("/queries/check", { kind, query }, signal)),
    enabled: query.trim() !== "",
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data ?? undefined;
}

/** The values of a field among what matches, most frequent first. */
export function useFieldValues(kind: Kind, field: string | null, params: Params = {}) {
  const { data } = useQuery({
    queryKey: [kind, "facets", field, params],
    queryFn: ({ signal }) => ifThere(get<Facets>(`/${kind}/facets`, { ...params, field, size: 50 }, signal)),
    enabled: field !== null,
    staleTime: 30_000,
    retry: false,
  });
  return (field !== null && data?.facets?.[field]?.values) || NO_VALUES;
}
const NO_VALUES: readonly { value: string; count: number }[] = [];

/** Counts by state over time, with durations; null where the server has no such route. */
export function useHistogram(kind: Kind, params: Params, everyMs: number | false) {
  return useQuery({
    queryKey: [kind, "histogram", params],
    queryFn: ({ signal }) =>
      ifThere(
        get<Histogram>(
          `/${kind}/histogram`,
          { ...params, by: "state", interval: "auto", date: "startDate" },
          signal,
        ),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
  });
}

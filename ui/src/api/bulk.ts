/** Deeds on many task runs or executions: tried first, then done; very many are a job that tells how far it is. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { get, type Params, post } from "./client";

export type BulkKind = "taskruns" | "executions";

/** Which ones: by id, or all that the parameters of a search find. */
export type Target = { ids: readonly string[] } | { where: Params };

export interface BulkResult {
  id: string;
  executionId: string | null;
  ok: boolean;
  /** Why not. */
  message?: string;
  /** What is (or would be) done. */
  would?: string;
}

export interface BulkAnswer {
  action: string;
  dryRun: boolean;
  count: number;
  ok?: number;
  refused?: number;
  /** Of a dry run by search: how many it finds; the results are of the first ones. */
  total?: number;
  results: readonly BulkResult[];
  job?: { id: string };
}

export interface Job {
  id: string;
  total: number;
  done: number;
  ok: number;
  refused: number;
  results: readonly BulkResult[];
  startedAt: string;
  endedAt?: string;
  error?: string;
}

export interface Deed {
  kind: BulkKind;
  action: string;
  target: Target;
  note?: string;
  parameters?: Record<string, unknown>;
}

const JOB_EVERY_MS = 400;

const bodyOf = ({ action, target, note, parameters }: Deed, dryRun: boolean) => ({
  action,
  ...target,
  dryRun,
  note: note || undefined,
  parameters: parameters ?? {},
});

/** What the deed would do to each. */
export function useDryRun(deed: Deed, enabled: boolean) {
  return useQuery({
    queryKey: ["bulk", "dry", deed.kind, bodyOf(deed, true)],
    queryFn: () => post<BulkAnswer>(`/${deed.kind}/bulk`, bodyOf(deed, true)),
    enabled,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
}

export function useDeed(onDone: (answer: BulkAnswer) => void) {
  return useMutation({
    mutationFn: (deed: Deed) => post<BulkAnswer>(`/${deed.kind}/bulk`, bodyOf(deed, false)),
    onSuccess: onDone,
  });
}

/** How far a job is, until it has ended. */
export function useJob(id: string | undefined) {
  return useQuery({
    queryKey: ["jobs", id],
    queryFn: ({ signal }) => get<Job>(`/jobs/${id}`, {}, signal),
    enabled: id !== undefined,
    refetchInterval: ({ state }) => (state.data?.endedAt === undefined ? JOB_EVERY_MS : false),
  });
}

/** Flows from the server: found, read, stored; what is wrong with a text, and its graph. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { InputOf } from "~/parts/inputs/InputFields";
import { get, type Params, post, send } from "./client";
import type { Label, Paged, State } from "./types";

export const YAML = "application/x-yaml";
export const FLOWS_PAGE_SIZE = 100;

export interface FlowTrigger {
  id: string;
  type: string;
  disabled?: boolean;
  [key: string]: unknown;
}

export interface Flow {
  id: string;
  namespace: string;
  revision: number;
  description?: string;
  labels?: readonly Label[];
  inputs?: readonly FlowInput[];
  tasks: readonly { id: string; type: string }[];
  triggers?: readonly FlowTrigger[];
  disabled?: boolean;
  deleted?: boolean;
  updated?: string;
  /** It was stored, but cannot be read any more: why. */
  exception?: string;
  source?: string;
}

export interface FlowInput extends InputOf {
  dependsOn?: { inputs?: readonly string[]; condition?: string };
}

export interface FlowName {
  namespace: string;
  id: string;
}

export const keyOf = ({ namespace, id }: FlowName): string => `${namespace}/${id}`;
export const flowPath = ({ namespace, id }: FlowName): string =>
  `/flows/${encodeURIComponent(namespace)}/${encodeURIComponent(id)}`;

/** Flows by words of their names, or by text of their source; `fragments` are the lines that hold it. */
export interface FoundFlow {
  flow: Flow;
  fragments: readonly string[];
}

export function useFlows(params: Params & { q?: string }, inSource: boolean) {
  return useInfiniteQuery({
    queryKey: ["flows", "search", inSource, params],
    initialPageParam: 1,
    queryFn: async ({ pageParam, signal }): Promise<Paged<FoundFlow>> => {
      const asked = { ...params, page: pageParam, size: FLOWS_PAGE_SIZE };
      if (!inSource || !params.q) {
        const found = await get<Paged<Flow>>("/flows/search", asked, signal);
        return { ...found, results: found.results.map((flow) => ({ flow, fragments: [] })) };
      }
      const found = await get<Paged<{ model: Flow; fragments: readonly string[] }>>(
        "/flows/source",
        asked,
        signal,
      );
      return { ...found, results: found.results.map(({ model, fragments }) => ({ flow: model, fragments })) };
    },
    getNextPageParam: (last, all) => (all.length * FLOWS_PAGE_SIZE < last.total ? all.length + 1 : undefined),
    placeholderData: keepPreviousData,
  });
}

export function useFlow(name: FlowName) {
  return useQuery({
    queryKey: ["flows", "one", name.namespace, name.id],
    queryFn: ({ signal }) => get<Flow>(flowPath(name), { source: true }, signal),
  });
}

export function useRevisions(name: FlowName) {
  return useQuery({
    queryKey: ["flows", "revisions", name.namespace, name.id],
    queryFn: ({ signal }) => get<readonly Flow[]>(`${flowPath(name)}/revisions`, {}, signal),
  });
}

export interface LatestExecution {
  id: string;
  namespace: string;
  flowId: string;
  startDate: string;
  status: State;
}

const EVERY_MS = 5_000;

/** The newest execution of each of these flows, by `keyOf`. */
export function useLatest(names: readonly FlowName[]) {
  const asked = names.slice(0, 200).map(({ namespace, id }) => ({ namespace, id }));
  return useQuery({
    queryKey: ["flows", "latest", asked],
    queryFn: async () => {
      const found = await post<readonly LatestExecution[]>("/executions/latest", asked);
      return new Map(found.map((each) => [keyOf({ namespace: each.namespace, id: each.flowId }), each]));
    },
    enabled: asked.length > 0,
    placeholderData: keepPreviousData,
    refetchInterval: EVERY_MS,
  });
}

export interface Day {
  startDate: string;
  executionCounts: Partial<Record<State, number>>;
}

/** How the executions of each of these flows went, day by day. */
export function useTrends(names: readonly FlowName[], days: number) {
  const flows = names.slice(0, 200).map(({ namespace, id }) => ({ namespace, id }));
  return useQuery({
    queryKey: ["flows", "trends", flows, days],
    queryFn: async () => {
      const startDate = new Date(Date.now() - days * 86_400_000).toISOString();
      const found = await post<Record<string, Record<string, readonly Day[]>>>(
        "/stats/executions/daily/group-by-flow",
        { flows, startDate },
      );
      return new Map(
        Object.entries(found).flatMap(([namespace, of]) =>
          Object.entries(of).map(([id, each]) => [keyOf({ namespace, id }), each] as const),
        ),
      );
    },
    enabled: flows.length > 0,
    staleTime: 30_000,
    placeholderData: keepPreviousData,
  });
}

export interface Violation {
  message: string;
  path: string;
  line: number;
  column: number;
}

export interface Report {
  index: number;
  flow?: string;
  namespace?: string;
  constraints?: string;
  violations?: readonly Violation[];
  outdated: boolean;
  deprecationPaths: readonly string[];
  warnings: readonly string[];
  infos: readonly string[];
}

export const validate = (source: string) =>
  send<readonly Report[]>("POST", "/flows/validate", source, {}, YAML);
export const createFlow = (source: string) => send<Flow>("POST", "/flows", source, {}, YAML);
export const updateFlow = (name: FlowName, source: string) =>
  send<Flow>("PUT", flowPath(name), source, {}, YAML);

export function useNamespaces() {
  return useQuery({
    queryKey: ["namespaces", "of flows"],
    queryFn: ({ signal }) => get<readonly string[]>("/flows/distinct-namespaces", {}, signal),
    staleTime: 10_000,
  });
}

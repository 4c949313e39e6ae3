/** Saved views: searches with a name, on the server for all who work there. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { get, send } from "./client";
import type { View } from "./types";

export type ViewPage = "taskruns" | "executions" | "logs";
export type ViewBody = Omit<View, "id" | "builtIn">;

export function useViews(page: ViewPage) {
  return useQuery({
    queryKey: ["views", page],
    queryFn: ({ signal }) => get<readonly View[]>("/views", { page }, signal),
    staleTime: 30_000,
  });
}

/** Save a view (with an id in place of that one), or delete one. */
export function useChangeViews(page: ViewPage) {
  const client = useQueryClient();
  const renew = () => client.invalidateQueries({ queryKey: ["views", page] });
  const save = useMutation({
    mutationFn: ({ id, body }: { id?: string; body: ViewBody }) =>
      id === undefined ? send<View>("POST", "/views", body) : send<View>("PUT", `/views/${id}`, body),
    onSuccess: renew,
  });
  const remove = useMutation({
    mutationFn: (id: string) => send<undefined>("DELETE", `/views/${id}`),
    onSuccess: renew,
  });
  return { save, remove };
}

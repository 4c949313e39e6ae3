/** Namespaces, their key-value pairs and their files. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { toastError } from "~/app/toasts";
import { API, get, queryText, request, send } from "./client";
import type { Paged } from "./types";

export interface Namespace {
  id: string;
  /** It has no flows: only namespaces below it have. */
  disabled?: boolean;
}

const SIZE_MAX = 1_000;
const pathOf = (namespace: string) => `/namespaces/${encodeURIComponent(namespace)}`;

export function useNamespaceTree(q: string) {
  return useQuery({
    queryKey: ["namespaces", "search", q],
    queryFn: ({ signal }) => get<Paged<Namespace>>("/namespaces/search", { q, size: SIZE_MAX }, signal),
    placeholderData: (before) => before,
  });
}

export interface Pair {
  key: string;
  creationDate: string;
  updateDate: string;
  expirationDate?: string;
}

export const KV_TYPES = ["STRING", "NUMBER", "BOOLEAN", "DATETIME", "DATE", "DURATION", "JSON"] as const;
export type KvType = (typeof KV_TYPES)[number];

export interface KvValue {
  type: KvType;
  value: unknown;
}

export function usePairs(namespace: string) {
  return useQuery({
    queryKey: ["kv", namespace],
    queryFn: ({ signal }) => get<readonly Pair[]>(`${pathOf(namespace)}/kv`, {}, signal),
  });
}

export function usePair(namespace: string, pair: Pair) {
  return useQuery({
    queryKey: ["kv", namespace, pair.key, pair.updateDate],
    queryFn: ({ signal }) =>
      get<KvValue>(`${pathOf(namespace)}/kv/${encodeURIComponent(pair.key)}`, {}, signal),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

export function useChangePairs(namespace: string, onDone: () => void) {
  const client = useQueryClient();
  const done = () => {
    onDone();
    void client.invalidateQueries({ queryKey: ["kv", namespace], exact: true });
  };
  const put = useMutation({
    mutationFn: async ({ key, body, ttl }: { key: string; body: string; ttl: string }) => {
      const headers: Record<string, string> = { "Content-Type": "text/plain" };
      if (ttl !== "") headers.ttl = ttl;
      await request("PUT", `${pathOf(namespace)}/kv/${encodeURIComponent(key)}`, {}, { body, headers });
    },
    onSuccess: done,
  });
  const remove = useMutation({
    mutationFn: (keys: readonly string[]) => send("DELETE", `${pathOf(namespace)}/kv`, { keys }),
    onSuccess: done,
    onError: toastError,
  });
  return { put, remove };
}

export interface FileEntry {
  type: "File" | "Directory";
  fileName: string;
  size: number;
  lastModifiedTime: number;
}

export const filesKey = (namespace: string) => ["files", namespace];

export function useFolder(namespace: string, path: string) {
  return useQuery({
    queryKey: [...filesKey(namespace), "folder", path],
    queryFn: ({ signal }) =>
      get<readonly FileEntry[]>(`${pathOf(namespace)}/files/directory`, { path }, signal),
  });
}

/** Larger files are not shown as text. */
export const TEXT_MAX_BYTES = 512 * 1024;

export function useFileText(namespace: string, path: string) {
  return useQuery({
    queryKey: [...filesKey(namespace), "text", path],
    queryFn: async ({ signal }) => {
      const stats = await get<FileEntry>(`${pathOf(namespace)}/files/stats`, { path }, signal);
      if (stats.size > TEXT_MAX_BYTES) return { text: null, size: stats.size };
      const answer = await request("GET", `${pathOf(namespace)}/files`, { path }, { signal });
      const bytes = await answer.arrayBuffer();
      try {
        return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), size: stats.size };
      } catch {
        return { text: null, size: stats.size };
      }
    },
  });
}

export const fileUrl = (namespace: string, path: string) =>
  `${API}${pathOf(namespace)}/files?${queryText({ path })}`;
export const filesUrl = (namespace: string) => `${API}${pathOf(namespace)}/files/export`;

/** The folders above a path, from the top. */
function foldersOf(path: string): readonly string[] {
  const steps = path.split("/").slice(1, -1);
  return ["/", ...steps.map((_, at) => `/${steps.slice(0, at + 1).join("/")}/`)];
}

export function useChangeFiles(namespace: string) {
  const client = useQueryClient();
  // From the top: a folder that is gone with its last file is not asked for again.
  const renew = async (...paths: readonly string[]) => {
    for (const folder of new Set(paths.flatMap(foldersOf))) {
      await client.invalidateQueries({ queryKey: [...filesKey(namespace), "folder", folder] });
      await new Promise((drawn) => setTimeout(drawn));
    }
  };
  const upload = useMutation({
    mutationFn: ({ path, content }: { path: string; content: Blob }) => {
      const form = new FormData();
      form.set("fileContent", content, path.slice(path.lastIndexOf("/") + 1));
      return send("POST", `${pathOf(namespace)}/files`, form, { path });
    },
    onSuccess: (_answer, { path }) => {
      void client.invalidateQueries({ queryKey: [...filesKey(namespace), "text", path] });
      void renew(path);
    },
    onError: toastError,
  });
  const move = useMutation({
    mutationFn: ({ from, to }: { from: string; to: string }) =>
      send("PUT", `${pathOf(namespace)}/files`, undefined, { from, to }),
    onSuccess: (_answer, { from, to }) => void renew(from, to),
    onError: toastError,
  });
  const makeFolder = useMutation({
    mutationFn: (path: string) => send("POST", `${pathOf(namespace)}/files/directory`, undefined, { path }),
    onSuccess: (_answer, path) => void renew(path),
    onError: toastError,
  });
  const remove = useMutation({
    mutationFn: (path: string) => send("DELETE", `${pathOf(namespace)}/files`, undefined, { path }),
    onSuccess: (_answer, path) => void renew(path),
    onError: toastError,
  });
  return { upload, move, makeFolder, remove };
}

/**
 * Requests to the server. Errors are `ApiError`s; nothing is retried here (queries do that).
 *
 * Types: `Answer<"/api/v1/...">` and `Asked<"/api/v1/...">` come from the server's own description. Where a
 * route is not typed there, `types.ts` says what it answers.
 */
import type { paths } from "#api";
import { noteFreshness } from "~/app/freshness";
import { ApiError, errorOf } from "./errors";
import type { AsOf } from "./types";

export const API = "/api/v1";

export type Value = string | number | boolean | null | undefined;
export type Params = Record<string, Value | readonly Value[]>;

/** The query parameters that a GET route knows. */
export type Asked<P extends keyof paths> = paths[P] extends { get: { parameters: { query?: infer Q } } }
  ? NonNullable<Q>
  : never;

/** The JSON that a GET route answers, where its type is described. */
export type Answer<P extends keyof paths> = paths[P] extends {
  get: { responses: { 200: { content: { "application/json": infer A } } } };
}
  ? A
  : never;

/** `a=1&b=2&b=3`; what is null, undefined or empty is left out. */
export function queryText(params: Params): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") search.append(name, String(one));
    }
  }
  return search.toString();
}

export function urlOf(path: string, params: Params = {}): string {
  const text = queryText(params);
  return `${API}${path}${text ? `?${text}` : ""}`;
}

/** Answered by a write; a read that is given it as `after` waits until it shows what was written. */
let lastToken: string | null = null;
let tokenAt = 0;
const TOKEN_USED_MS = 15_000;

/** `{after}` for reads that follow a write of this page, else nothing. */
export function afterWrite(): { after?: string } {
  return lastToken !== null && Date.now() - tokenAt < TOKEN_USED_MS ? { after: lastToken } : {};
}

export async function request(
  method: string,
  path: string,
  params: Params = {},
  init: RequestInit = {},
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(urlOf(path, params), { ...init, method, credentials: "same-origin" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "The server cannot be reached");
  }
  const token = response.headers.get("Runfold-Token");
  if (token !== null) {
    lastToken = token;
    tokenAt = Date.now();
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

async function json<T>(response: Response): Promise<T> {
  if (response.status === 204) return undefined as T;
  const body = (await response.json()) as T;
  const asOf = (body as { asOf?: AsOf } | null)?.asOf;
  noteFreshness(asOf ?? null);
  return body;
}

export async function get<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  return json<T>(await request("GET", path, params, { signal, headers: { Accept: "application/json" } }));
}

/** Send JSON, or a text or form as it is, and read JSON. */
export async function send<T>(
  method: "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
  params: Params = {},
  type?: string,
): Promise<T> {
  const plain = typeof body === "string" || body instanceof FormData || body instanceof Blob;
  const headers: Record<string, string> = { Accept: "application/json" };
  if (type !== undefined) headers["Content-Type"] = type;
  else if (body !== undefined && !plain) headers["Content-Type"] = "application/json";
  const content = body === undefined ? undefined : plain ? (body as BodyInit) : JSON.stringify(body);
  const response = await request(method, path, params, { headers, body: content });
  return response.headers.get("Content-Type")?.includes("json") ? json<T>(response) : (undefined as T);
}

export const post = <T>(path: string, body?: unknown, params: Params = {}) =>
  send<T>("POST", path, body, params);

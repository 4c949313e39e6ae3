/**
 * A page's state is its address: what is filtered, sorted, chosen and open stands in the query string.
 *
 * Changes made in one go are joined. `push` makes a step that the browser's Back undoes (opening a thing);
 * without it the present step is replaced (typing, sorting).
 */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLocation, useNavigate } from "react-router";

export type Changes = Record<string, string | number | boolean | readonly string[] | null | undefined>;
export type Change = (changes: Changes, options?: { push?: boolean }) => void;

let pending: URLSearchParams | null = null;

/** Return the query string and what changes some of it; null, false and "" take a name out. */
export function useSearch(): [URLSearchParams, Change] {
  const location = useLocation();
  const navigate = useNavigate();
  const params = useMemo(() => new URLSearchParams(location.search), [location.search]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: every new location ends what was pending
  useEffect(() => {
    pending = null;
  }, [location]);
  const change = useCallback<Change>(
    (changes, { push = false } = {}) => {
      pending = changed(pending ?? new URLSearchParams(window.location.search), changes);
      void navigate({ search: pending.toString() }, { replace: !push, preventScrollReset: true });
    },
    [navigate],
  );
  return [params, change];
}

export function changed(params: URLSearchParams, changes: Changes): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    if (Array.isArray(value)) for (const each of value) next.append(name, each);
    else if (value !== null && value !== undefined && value !== false && value !== "")
      next.set(name, String(value));
  }
  return next;
}

/** The address of this page with some of its state changed: for links that open in a new tab, too. */
export function useSearchHref(): (changes: Changes) => { search: string } {
  const [params] = useSearch();
  return useCallback((changes) => ({ search: `?${changed(params, changes)}` }), [params]);
}

/** One text of the query string. */
export function useText(
  name: string,
  otherwise = "",
): [string, (value: string | null, options?: { push?: boolean }) => void] {
  const [params, change] = useSearch();
  const set = useCallback(
    (value: string | null, options?: { push?: boolean }) =>
      change({ [name]: value === otherwise ? null : value }, options),
    [change, name, otherwise],
  );
  return [params.get(name) ?? otherwise, set];
}

const TYPED_AFTER_MS = 200;

/** A text that someone types: here at once, in the address when they pause. The address may still change it. */
export function useTyped(name: string): [string, (value: string) => void] {
  const [text, setText] = useText(name);
  const [typed, setTyped] = useState(text);
  const written = useRef(text);
  useEffect(() => {
    if (text === written.current) return;
    written.current = text;
    setTyped(text);
  }, [text]);
  useEffect(() => {
    if (typed === written.current) return;
    const timer = setTimeout(() => {
      written.current = typed;
      setText(typed);
    }, TYPED_AFTER_MS);
    return () => clearTimeout(timer);
  }, [typed, setText]);
  return [typed, setTyped];
}

/** A list of texts of the query string, written with commas. */
export function useList(
  name: string,
  otherwise: readonly string[],
): [readonly string[], (value: readonly string[]) => void] {
  const [text, set] = useText(name, otherwise.join(","));
  const value = useMemo(() => (text === "" ? [] : text.split(",")), [text]);
  return [value, useCallback((next: readonly string[]) => set(next.join(",")), [set])];
}

export interface Sort {
  field: string;
  descending: boolean;
}

/** `sort=field:desc`, as the API takes it. */
export function useSort(otherwise: Sort): [Sort, (sort: Sort) => void] {
  const [text, set] = useText("sort", sortText(otherwise));
  const sort = useMemo(() => {
    const [field = "", direction] = text.split(":");
    return { field, descending: direction === "desc" };
  }, [text]);
  return [sort, useCallback((next: Sort) => set(sortText(next)), [set])];
}

export const sortText = (sort: Sort): string => `${sort.field}:${sort.descending ? "desc" : "asc"}`;

import { useSyncExternalStore } from "react";

/** A value outside of React that components can follow. */
export interface Store<T> {
  get: () => T;
  set: (value: T) => void;
  subscribe: (listener: () => void) => () => void;
}

export function store<T>(initial: T): Store<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useStore<T>(from: Store<T>): T {
  return useSyncExternalStore(from.subscribe, from.get);
}

/** A store that this browser remembers; wrong or foreign content is as none. */
export function kept<T extends string>(name: string, allowed: readonly T[], initial: T): Store<T> {
  const key = `runfold.${name}`;
  let first = initial;
  try {
    const found = localStorage.getItem(key) as T | null;
    if (found !== null && allowed.includes(found)) first = found;
  } catch {
    // Storage is closed to us.
  }
  const made = store(first);
  made.subscribe(() => {
    try {
      localStorage.setItem(key, made.get());
    } catch {
      // Then it holds for this visit.
    }
  });
  return made;
}

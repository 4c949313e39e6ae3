/** A list's filters, kept for this visit: opened without any, it comes back as it was left. */
import { useEffect, useRef } from "react";
import { useLocation, useNavigate } from "react-router";

/** `without`: names that are of the moment only, such as the open row. */
export function useKeptSearch(name: string, without: readonly string[]): void {
  const { search } = useLocation();
  const navigate = useNavigate();
  const restored = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another search is of interest
  useEffect(() => {
    const key = `runfold.search.${name}`;
    try {
      if (!restored.current) {
        restored.current = true;
        const kept = sessionStorage.getItem(key);
        if (search === "" && kept) {
          void navigate({ search: kept }, { replace: true });
          return;
        }
      }
      const params = new URLSearchParams(search);
      for (const each of without) params.delete(each);
      sessionStorage.setItem(key, params.toString());
    } catch {
      // Storage is closed to us: then nothing is kept.
    }
  }, [search]);
}

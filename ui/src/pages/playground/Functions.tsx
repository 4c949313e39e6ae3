/** What templates may call, each with an example that is tried by a click. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { get } from "~/api/client";
import { Card } from "~/parts/Page";
import { ErrorBox, Loading } from "~/parts/Placeholders";
import css from "./Playground.module.css";

interface Told {
  name: string;
  kind: "filter" | "function";
  does: string;
  example: string;
  gives: string | null;
}

export function Functions({ onTry }: { onTry: (example: string) => void }) {
  const [find, setFind] = useState("");
  const found = useQuery({
    queryKey: ["expressions", "functions"],
    queryFn: ({ signal }) => get<readonly Told[]>("/expressions/functions", {}, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const shown = useMemo(() => {
    const wanted = find.toLowerCase();
    return (found.data ?? []).filter((each) => `${each.name} ${each.does}`.toLowerCase().includes(wanted));
  }, [found.data, find]);
  return (
    <Card fill label="Filters and functions">
      <div className={css.head}>
        <h2>Filters and functions</h2>
        <input
          type="search"
          aria-label="Search filters and functions"
          placeholder="Search"
          value={find}
          onChange={(event) => setFind(event.target.value)}
        />
      </div>
      {found.isPending ? (
        <Loading what="the functions" />
      ) : found.isError ? (
        <ErrorBox error={found.error} retry={() => void found.refetch()} />
      ) : (
        <ul className={css.functions}>
          {shown.map((each) => (
            <li key={`${each.kind} ${each.name}`}>
              <button type="button" onClick={() => onTry(each.example)} title="Try the example">
                <span className={css.name}>
                  <b>{each.name}</b> <small>{each.kind}</small>
                </span>
                <span>{each.does}</span>
                <code>
                  {each.example.replace(/\n/g, "⏎")}
                  {each.gives !== null && <em> → {each.gives.replace(/\n/g, "⏎")}</em>}
                </code>
              </button>
            </li>
          ))}
          {shown.length === 0 && <li className={css.none}>Nothing has “{find}” in it</li>}
        </ul>
      )}
    </Card>
  );
}

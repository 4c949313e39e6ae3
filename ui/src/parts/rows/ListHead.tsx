/** What a list is asked by: its query, and the views that were saved of it. */
import { memo } from "react";
import { useViews } from "~/api/views";
import { rangeParams, type TimeRange } from "~/url/range";
import { type Sort, sortText, useSearch, useText } from "~/url/search";
import { QueryBar } from "../QueryBar";
import { SavedViews } from "../views/SavedViews";
import css from "./ListHead.module.css";

interface Props {
  kind: "taskruns" | "executions";
  query: string;
  onQuery: (query: string) => void;
  placeholder: string;
  range: TimeRange;
  columns: readonly string[];
  sort: Sort;
  chart: boolean;
}

/** Rows come all the time: it is drawn again only for what it says. */
export const ListHead = memo(function ListHead({ kind, query, onQuery, range, ...shown }: Props) {
  const [, change] = useSearch();
  const [viewId] = useText("view");
  const views = useViews(kind);
  return (
    <div className={css.bar}>
      <QueryBar
        kind={kind}
        value={query}
        onChange={onQuery}
        placeholder={shown.placeholder}
        params={rangeParams(range)}
      />
      <SavedViews
        page={kind}
        views={views.data?.filter((view) => !view.builtIn) ?? []}
        activeId={viewId}
        shown={{
          query,
          columns: [...shown.columns],
          sort: sortText(shown.sort),
          timeRange: range.timeRange,
          chart: shown.chart,
        }}
        onOpen={(id) => change({ view: id })}
      />
    </div>
  );
});

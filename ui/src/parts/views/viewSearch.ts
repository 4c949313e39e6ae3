/** A view as an address. */
import type { View } from "~/api/types";
import { ALL_TIME } from "~/url/range";
import { changed } from "~/url/search";

export function viewSearch(view: View): string {
  const search = changed(new URLSearchParams(), {
    view: view.builtIn ? null : view.id,
    query: view.query,
    sort: view.sort,
    columns: view.columns.join(","),
    timeRange: view.timeRange ?? ALL_TIME,
    chart: view.chart ? null : "off",
  });
  return `?${search}`;
}

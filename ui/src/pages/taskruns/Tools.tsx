/** What stands over the task runs: which parts of the page are shown, which columns, and the export. */
import { ChartColumn, ListFilter } from "lucide-react";
import { memo } from "react";
import type { Params } from "~/api/client";
import type { TaskRun } from "~/api/types";
import { Button } from "~/parts/Button";
import type { Column } from "~/parts/columns";
import { ExportMenu } from "~/parts/ExportMenu";
import { useText } from "~/url/search";
import { ColumnsMenu } from "./ColumnsMenu";
import css from "./Tools.module.css";

interface Props {
  columns: readonly Column<TaskRun>[];
  shown: readonly string[];
  onShown: (ids: readonly string[]) => void;
  /** What is exported. */
  params: Params;
  facets: boolean;
  onFacets: (isShown: boolean) => void;
}

/** Rows come all the time: it is drawn again only for what it says. */
export const Tools = memo(function Tools({ columns, shown, onShown, params, facets, onFacets }: Props) {
  const [show, setShow] = useText("show", "rows");
  const [chart, setChart] = useText("chart", "on");
  return (
    <div className={css.tools}>
      <Button small kind="quiet" pressed={facets} onPress={() => onFacets(!facets)}>
        <ListFilter size={14} /> Values
      </Button>
      <Button
        small
        kind="quiet"
        pressed={chart === "on"}
        onPress={() => setChart(chart === "on" ? "off" : "on")}
      >
        <ChartColumn size={14} /> Chart
      </Button>
      <fieldset className={css.switch}>
        <legend className="visually-hidden">What is shown</legend>
        <button type="button" aria-pressed={show === "rows"} onClick={() => setShow("rows")}>
          Rows
        </button>
        <button type="button" aria-pressed={show === "statistics"} onClick={() => setShow("statistics")}>
          Statistics
        </button>
      </fieldset>
      <span className={css.right}>
        {show === "rows" && <ColumnsMenu columns={columns} shown={shown} onShown={onShown} />}
        <ExportMenu kind="taskruns" params={params} />
      </span>
    </div>
  );
});

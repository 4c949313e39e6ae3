/** The task runs of one flow: the list of the Task Runs page, narrowed to it. */
import { useMemo } from "react";
import { Link } from "react-router";
import type { Flow } from "~/api/flows";
import { taskRunsLink } from "~/app/links";
import { defaultColumns } from "~/parts/columns";
import { QueryBar } from "~/parts/QueryBar";
import { RangePicker } from "~/parts/RangePicker";
import { RowsNote } from "~/parts/rows/RowsNote";
import { useRows } from "~/parts/rows/useRows";
import { isOpen, rangeParams, useTimeRange } from "~/url/range";
import { sortText, useSearch, useSort, useText } from "~/url/search";
import { askedFor, COLUMNS } from "../../taskruns/columns";
import { Rows } from "../../taskruns/Rows";
import { TASK_RUNS } from "../../taskruns/row";
import { TaskRunDrawer } from "../../taskruns/TaskRunDrawer";
import { termsOfFlow } from "./ExecutionsOf";
import css from "./Tabs.module.css";

const NEWEST_FIRST = { field: "state.startDate", descending: true };
const SHOWN = defaultColumns(COLUMNS).filter((id) => id !== "flow" && id !== "namespace");
const ASKED = askedFor(SHOWN, COLUMNS);

export function TaskRunsOf({ flow }: { flow: Flow }) {
  const [, change] = useSearch();
  const [query, setQuery] = useText("query");
  const [range, setRange] = useTimeRange("P7D");
  const [sort, setSort] = useSort(NEWEST_FIRST);
  const [openId] = useText("open");
  const filter = useMemo(
    () => ({ namespace: flow.namespace, flowId: flow.id, query, ...rangeParams(range) }),
    [flow.namespace, flow.id, query, range],
  );
  const params = useMemo(() => ({ ...filter, sort: sortText(sort), columns: ASKED }), [filter, sort]);
  const live = useRows(TASK_RUNS, params, isOpen(range));
  return (
    <div className={css.beside}>
      <div className={css.tab}>
        <div className={css.bar}>
          <QueryBar
            kind="taskruns"
            value={query}
            onChange={setQuery}
            params={filter}
            placeholder="Search: state:FAILED task:load duration:>10s"
          />
          <RangePicker range={range} onRange={setRange} />
          <span className={css.note}>
            <RowsNote live={live} filter={filter} isOpen={isOpen(range)} />
            <Link to={taskRunsLink(`${termsOfFlow(flow)} ${query}`.trim())}>open in Task Runs</Link>
          </span>
        </div>
        <Rows
          live={live}
          columns={COLUMNS}
          shown={SHOWN}
          sort={sort}
          onSort={setSort}
          openId={openId}
          filter={filter}
        />
      </div>
      {openId !== "" && (
        <TaskRunDrawer
          id={openId}
          tabName="part"
          onClose={() => change({ open: null, part: null }, { push: true })}
        />
      )}
    </div>
  );
}

import { Link } from "react-router";
import type { Params } from "~/api/client";
import type { GroupFigures } from "~/api/types";
import { taskRunsLink } from "~/app/links";
import { ErrorBox, Loading } from "~/parts/Placeholders";
import { durationText } from "~/time/duration";
import css from "./Dashboard.module.css";
import type { Within } from "./DashboardPage";
import { useGroups } from "./useDashboard";

const SHOWN = 6;
/** Below this a task is as fast as ever. */
const SLOWER = 1.2;

/** The tasks that fail most, or those that take much longer than usual. */
export function TopTasks({
  params,
  order,
  everyMs,
  within,
}: {
  params: Params;
  order: "failed" | "slowdown";
  everyMs: number | false;
  within: Within;
}) {
  const found = useGroups("taskruns", { ...params, groupBy: "task", order, size: SHOWN }, everyMs);
  if (found.isPending) return <Loading lines={4} what="the tasks" />;
  if (found.isError) return <ErrorBox error={found.error} retry={() => void found.refetch()} />;
  const groups = found.data.groups.filter((group) =>
    order === "failed" ? group.failed > 0 : (group.slowdown ?? 0) >= SLOWER,
  );
  if (groups.length === 0)
    return (
      <p className={css.none}>
        {order === "failed" ? "No task failed in this time." : "All tasks are as fast as usual."}
      </p>
    );
  const top = Math.max(...groups.map((group) => (order === "failed" ? group.failed : (group.slowdown ?? 0))));
  return (
    <ul className={css.list}>
      {groups.map((group) => {
        const { namespace = "", flowId = "", taskId = "" } = group.key;
        const terms = `namespace:${namespace} flow:${flowId} task:${taskId}`;
        const part = (order === "failed" ? group.failed : (group.slowdown ?? 0)) / top;
        return (
          <li key={`${namespace}/${flowId}/${taskId}`}>
            <Link
              className={css.row}
              to={
                order === "failed"
                  ? taskRunsLink(`${terms} state:FAILED`, within.time)
                  : `${taskRunsLink(terms, within.time)}&sort=slowdown%3Adesc`
              }
            >
              <span className={css.name}>
                {taskId} <small>{flowId}</small>
              </span>
              <span className={css.bar} aria-hidden>
                <i
                  data-hue={order === "failed" ? "red" : "orange"}
                  style={{ width: `${Math.max(2, part * 100)}%` }}
                />
              </span>
              <span className={css.told}>{order === "failed" ? failedText(group) : slowText(group)}</span>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}

const failedText = (group: GroupFigures) => (
  <>
    <b>{group.failed.toLocaleString()}</b> of {group.count.toLocaleString()}
  </>
);

const slowText = (group: GroupFigures) => (
  <>
    <b>{(group.slowdown ?? 0).toFixed(1)}×</b> of {durationText(group.baselineMs ?? 0)}
  </>
);

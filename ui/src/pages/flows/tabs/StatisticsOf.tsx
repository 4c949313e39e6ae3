/** How the executions of a flow went, and how long each of its tasks takes. */
import { useMemo } from "react";
import { Link, useNavigate } from "react-router";
import type { Flow } from "~/api/flows";
import { useHistogram } from "~/api/queries";
import { useStatistics } from "~/api/taskruns";
import type { GroupFigures } from "~/api/types";
import { executionsLink, taskRunsLink } from "~/app/links";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { RangePicker } from "~/parts/RangePicker";
import { StateChart } from "~/parts/StateChart";
import { Duration } from "~/parts/Time";
import { durationMs } from "~/time/duration";
import { rangeParams, useTimeRange } from "~/url/range";
import { termsOfFlow } from "./ExecutionsOf";
import css from "./Tabs.module.css";

const BY_TASK = { groupBy: "task", order: "count", size: 200 };

export function StatisticsOf({ flow }: { flow: Flow }) {
  const [range, setRange] = useTimeRange("P7D");
  const navigate = useNavigate();
  const filter = useMemo(
    () => ({ namespace: flow.namespace, flowId: flow.id, ...rangeParams(range) }),
    [flow.namespace, flow.id, range],
  );
  const histogram = useHistogram("executions", filter, false);
  const tasks = useStatistics(filter, BY_TASK);
  const groups = tasks.data?.groups ?? [];
  const slowest = Math.max(1, ...groups.map((group) => group.runMs?.p95 ?? 0));
  const timeRange = range.timeRange;
  return (
    <div className={css.tab}>
      <div className={css.bar}>
        <strong>Executions over time, and the run time of each task</strong>
        <span className={css.right}>
          <RangePicker range={range} onRange={setRange} />
        </span>
      </div>
      <div className={css.scroll}>
        {histogram.data && (
          <div className={css.chart}>
            <StateChart
              buckets={histogram.data.buckets}
              intervalMs={durationMs(histogram.data.interval) ?? 60_000}
              onRange={(startDate, endDate) => setRange({ startDate, endDate })}
              onState={(state) =>
                void navigate(executionsLink(`${termsOfFlow(flow)} state:${state}`, { timeRange }))
              }
            />
          </div>
        )}
        {tasks.isPending ? (
          <Loading what="the statistics" />
        ) : tasks.isError ? (
          <ErrorBox error={tasks.error} retry={() => void tasks.refetch()} />
        ) : groups.length === 0 ? (
          <Empty title="No task ran in this range">Choose a longer range, or run the flow.</Empty>
        ) : (
          <table className={css.table}>
            <thead>
              <tr>
                {["Task", "Runs", "Failed", "Failure rate", "Run p50", "Run p95", "Queue p95"].map(
                  (title) => (
                    <th key={title} scope="col">
                      {title}
                    </th>
                  ),
                )}
              </tr>
            </thead>
            <tbody>
              {groups.map((group) => (
                <OfTask key={group.key.taskId} flow={flow} group={group} slowest={slowest} />
              ))}
            </tbody>
          </table>
        )}
      </div>
    </div>
  );
}

function OfTask({ flow, group, slowest }: { flow: Flow; group: GroupFigures; slowest: number }) {
  const taskId = group.key.taskId ?? "";
  const terms = `${termsOfFlow(flow)} task:${taskId}`;
  const p95 = group.runMs?.p95 ?? null;
  return (
    <tr>
      <td>
        <Link to={taskRunsLink(terms)}>{taskId}</Link>
      </td>
      <td>{group.count.toLocaleString()}</td>
      <td>
        {group.failed === 0 ? (
          0
        ) : (
          <Link className={css.bad} to={taskRunsLink(`${terms} state:FAILED`)}>
            {group.failed.toLocaleString()}
          </Link>
        )}
      </td>
      <td>
        <Meter part={group.failureRate} bad />
        {percent(group.failureRate)}
      </td>
      <td>{group.runMs?.p50 == null ? "–" : <Duration ms={group.runMs.p50} />}</td>
      <td>
        <Meter part={(p95 ?? 0) / slowest} />
        {p95 === null ? "–" : <Duration ms={p95} />}
      </td>
      <td>{group.queueMs?.p95 == null ? "–" : <Duration ms={group.queueMs.p95} />}</td>
    </tr>
  );
}

export const percent = (part: number): string => `${(part * 100).toFixed(part > 0 && part < 0.1 ? 1 : 0)} %`;

function Meter({ part, bad = false }: { part: number; bad?: boolean }) {
  return (
    <span className={css.meter} aria-hidden>
      <i data-bad={bad || undefined} style={{ width: `${Math.min(100, part * 100)}%` }} />
    </span>
  );
}

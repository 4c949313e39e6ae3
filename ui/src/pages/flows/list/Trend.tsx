import { Link } from "react-router";
import type { Flow } from "~/api/flows";
import { executionsLink } from "~/app/links";
import css from "./FlowList.module.css";

const HEIGHT = 20;
const BAD = ["FAILED", "KILLED"];

/** A bar for each day: how many ran, and how many of them failed; and how many of a hundred went well. */
export function Trend({
  flow,
  days,
}: {
  flow: Flow;
  days?: readonly { startDate: string; executionCounts: Record<string, number> }[];
}) {
  if (days === undefined) return null;
  const counts = days.map(({ executionCounts }) => {
    const all = Object.values(executionCounts).reduce((sum, count) => sum + count, 0);
    return { all, bad: BAD.reduce((sum, state) => sum + (executionCounts[state] ?? 0), 0) };
  });
  const top = Math.max(1, ...counts.map((each) => each.all));
  const all = counts.reduce((sum, each) => sum + each.all, 0);
  const bad = counts.reduce((sum, each) => sum + each.bad, 0);
  if (all === 0) return <span className={css.never}>no runs</span>;
  const words = `${all} executions, ${bad} of them failed`;
  const step = 90 / counts.length;
  return (
    <Link
      to={executionsLink(`flow:${flow.id} namespace:${flow.namespace}`, { timeRange: "P7D" })}
      className={css.trend}
      title={words}
    >
      <span className="visually-hidden">
        {flow.id}: {words}{" "}
      </span>
      <svg width={90} height={HEIGHT} aria-hidden>
        {counts.map((each, at) => {
          const height = each.all === 0 ? 1 : Math.max(2, (each.all / top) * HEIGHT);
          const red = each.all === 0 ? 0 : (each.bad / each.all) * height;
          return (
            <g key={at}>
              <rect
                className={css.good}
                x={at * step}
                y={HEIGHT - height}
                width={step - 2}
                height={height - red}
              />
              <rect className={css.bad} x={at * step} y={HEIGHT - red} width={step - 2} height={red} />
            </g>
          );
        })}
      </svg>
      <span data-bad={bad > 0 || undefined}>{Math.floor(((all - bad) / all) * 100)} %</span>
    </Link>
  );
}

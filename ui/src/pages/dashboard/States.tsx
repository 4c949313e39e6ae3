import { Link } from "react-router";
import { STATES, type State } from "~/api/types";
import { taskRunsLink } from "~/app/links";
import { StateBadge } from "~/parts/StateBadge";
import { lookOf } from "~/parts/states";
import css from "./Dashboard.module.css";
import type { Within } from "./DashboardPage";

/** A bar for each state that there is. */
export function States({
  counts,
  within,
}: {
  counts: ReadonlyMap<State, number> | undefined;
  within: Within;
}) {
  const shown = STATES.filter((state) => counts?.get(state)).sort(
    (one, other) => (counts?.get(other) ?? 0) - (counts?.get(one) ?? 0),
  );
  const top = Math.max(1, ...shown.map((state) => counts?.get(state) ?? 0));
  if (shown.length === 0) return <p className={css.none}>No task ran in this time.</p>;
  return (
    <ul className={css.list}>
      {shown.map((state) => {
        const count = counts?.get(state) ?? 0;
        return (
          <li key={state}>
            <Link to={taskRunsLink(`${within.terms} state:${state}`.trim(), within.time)} className={css.row}>
              <span className={css.state}>
                <StateBadge state={state} plain />
              </span>
              <span className={css.bar} aria-hidden>
                <i data-hue={lookOf(state).hue} style={{ width: `${Math.max(1.5, (count / top) * 100)}%` }} />
              </span>
              <span className={css.told}>
                <b>{count.toLocaleString()}</b>
              </span>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}

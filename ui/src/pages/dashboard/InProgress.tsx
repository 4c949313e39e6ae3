import { Link } from "react-router";
import { executionLink, executionsLink } from "~/app/links";
import { ErrorBox, Loading } from "~/parts/Placeholders";
import { StateBadge } from "~/parts/StateBadge";
import { Duration } from "~/parts/Time";
import css from "./Dashboard.module.css";
import type { Within } from "./DashboardPage";
import { RUNNING, stateTerm, useInProgress } from "./useDashboard";

/** What runs now, the longest first. */
export function InProgress({ namespace, within }: { namespace: string; within: Within }) {
  const found = useInProgress(namespace);
  if (found.isPending) return <Loading lines={3} what="what runs" />;
  if (found.isError) return <ErrorBox error={found.error} retry={() => void found.refetch()} />;
  const rest = found.data.total - found.data.results.length;
  if (found.data.results.length === 0) return <p className={css.none}>Nothing runs now.</p>;
  return (
    <ul className={css.list}>
      {found.data.results.map((execution) => (
        <li key={execution.id}>
          <Link to={executionLink(execution.id)} className={css.row}>
            <StateBadge state={execution.state.current} />
            <span className={css.name}>
              {execution.flowId} <small>{execution.namespace}</small>
            </span>
            <Duration from={execution.state.startDate} to={null} />
          </Link>
        </li>
      ))}
      {rest > 0 && (
        <li>
          <Link
            className={css.more}
            to={executionsLink(`${within.terms} ${stateTerm(RUNNING)}`.trim(), { timeRange: "all" })}
          >
            {rest.toLocaleString()} more
          </Link>
        </li>
      )}
    </ul>
  );
}

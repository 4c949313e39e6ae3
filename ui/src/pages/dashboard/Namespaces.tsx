import { Link } from "react-router";
import type { Params } from "~/api/client";
import { executionsLink } from "~/app/links";
import { ErrorBox, Loading } from "~/parts/Placeholders";
import css from "./Dashboard.module.css";
import type { Within } from "./DashboardPage";
import { useGroups } from "./useDashboard";

const SHOWN = 8;

/** Executions by namespace, and how many of them failed. */
export function Namespaces({
  params,
  everyMs,
  within,
}: {
  params: Params;
  everyMs: number | false;
  within: Within;
}) {
  const found = useGroups("executions", { ...params, groupBy: "namespace", size: SHOWN }, everyMs);
  if (found.isPending) return <Loading lines={4} what="the namespaces" />;
  if (found.isError) return <ErrorBox error={found.error} retry={() => void found.refetch()} />;
  const { groups, other } = found.data;
  if (groups.length === 0) return <p className={css.none}>Nothing ran in this time.</p>;
  const top = Math.max(1, ...groups.map((group) => group.count));
  return (
    <ul className={css.list}>
      {groups.map(({ key: { namespace = "" }, count, failed }) => (
        <li key={namespace}>
          <span className={css.row}>
            <Link className={css.name} to={executionsLink(`namespace:${namespace}`, within.time)}>
              {namespace}
            </Link>
            <span className={css.bar} aria-hidden>
              <i data-hue="green" style={{ width: `${((count - failed) / top) * 100}%` }} />
              <i data-hue="red" style={{ width: `${(failed / top) * 100}%` }} />
            </span>
            <span className={css.told}>
              <b>{count.toLocaleString()}</b>
              {failed > 0 && (
                <Link
                  className={css.bad}
                  to={executionsLink(`namespace:${namespace} state:FAILED`, within.time)}
                >
                  {failed.toLocaleString()} failed
                </Link>
              )}
            </span>
          </span>
        </li>
      ))}
      {other.groups > 0 && (
        <li className={css.none}>
          {other.groups.toLocaleString()} more with {other.count.toLocaleString()} executions
        </li>
      )}
    </ul>
  );
}

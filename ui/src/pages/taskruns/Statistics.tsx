/** Figures by group of what matches, beside what is usual; and the errors, same ones together. */
import { useMemo } from "react";
import { Link } from "react-router";
import type { Params } from "~/api/client";
import { useStatistics } from "~/api/taskruns";
import type { Figures, GroupFigures } from "~/api/types";
import { flowLink } from "~/app/links";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { quoted, withTerm } from "~/parts/query";
import { Duration } from "~/parts/Time";
import { useSearchHref, useText } from "~/url/search";
import { Slowdown } from "./columns";
import css from "./Statistics.module.css";

const GROUPS = [
  { id: "task", title: "Task" },
  { id: "flow", title: "Flow" },
  { id: "namespace", title: "Namespace" },
  { id: "taskType", title: "Task type" },
  { id: "worker", title: "Worker" },
] as const;
const ORDERS = [
  { id: "count", title: "Most runs" },
  { id: "failed", title: "Top failing" },
  { id: "failureRate", title: "Highest failure rate" },
  { id: "retried", title: "Top retrying" },
  { id: "p95", title: "Slowest" },
  { id: "slowdown", title: "Slowest against themselves" },
] as const;
const SIZE = 100;
const ERRORS = { groupBy: "error", order: "count", size: 20 };
/** What a query calls the fields of groups. */
const TERMS: Record<string, string> = {
  namespace: "namespace",
  flowId: "flow",
  taskId: "task",
  taskType: "type",
  workerId: "worker",
};

interface Props {
  params: Params;
  query: string;
  everyMs: number | false;
}

export function Statistics({ params, query, everyMs }: Props) {
  const [groupBy, setGroupBy] = useText("by", "task");
  const [order, setOrder] = useText("order", "count");
  const asked = useMemo(() => ({ groupBy, order, size: SIZE }), [groupBy, order]);
  const found = useStatistics(params, asked, everyMs);
  const errors = useStatistics(params, ERRORS, everyMs);
  return (
    <div className={css.statistics}>
      <div className={css.bar}>
        <label>
          By{" "}
          <select value={groupBy} onChange={(event) => setGroupBy(event.target.value)}>
            {GROUPS.map((each) => (
              <option key={each.id} value={each.id}>
                {each.title}
              </option>
            ))}
          </select>
        </label>
        <fieldset className={css.orders}>
          <legend className="visually-hidden">Order</legend>
          {ORDERS.map((each) => (
            <button
              type="button"
              key={each.id}
              aria-pressed={order === each.id}
              onClick={() => setOrder(each.id)}
            >
              {each.title}
            </button>
          ))}
        </fieldset>
      </div>
      {found.isPending ? (
        <Loading what="the statistics" />
      ) : found.isError ? (
        <ErrorBox error={found.error} retry={() => void found.refetch()} />
      ) : found.data.groups.length === 0 ? (
        <Empty title="Nothing to count">Take out a term, or choose a longer range.</Empty>
      ) : (
        <div className={css.scroll} data-old={found.isPlaceholderData || undefined}>
          <Groups groups={found.data.groups} query={query} order={order} />
          {found.data.other.groups > 0 && (
            <p className={css.rest}>
              {found.data.other.groups.toLocaleString()} more groups with{" "}
              {found.data.other.count.toLocaleString()} task runs
            </p>
          )}
          <Errors groups={errors.data?.groups ?? []} query={query} />
        </div>
      )}
    </div>
  );
}

function Groups({ groups, query, order }: { groups: readonly GroupFigures[]; query: string; order: string }) {
  const mark = (id: string) => (order === id ? "" : undefined);
  return (
    <table className={css.table}>
      <thead>
        <tr>
          <th scope="col">Group</th>
          <th scope="col" data-by={mark("count")}>
            Runs
          </th>
          <th scope="col" data-by={mark("failed")}>
            Failed
          </th>
          <th scope="col" data-by={mark("failureRate")}>
            Failure rate
          </th>
          <th scope="col" data-by={mark("retried")}>
            Retried
          </th>
          <th scope="col">Run p50</th>
          <th scope="col" data-by={mark("p95")}>
            Run p95
          </th>
          <th scope="col">Queue p50</th>
          <th scope="col">Queue p95</th>
          <th scope="col" title="What 95 of 100 earlier runs took">
            Usual
          </th>
          <th scope="col" data-by={mark("slowdown")} title="The median of run time by what was usual">
            Against usual
          </th>
        </tr>
      </thead>
      <tbody>
        {groups.map((group) => (
          <tr key={JSON.stringify(group.key)}>
            <th scope="row">
              <Name group={group} query={query} />
            </th>
            <td>{group.count.toLocaleString()}</td>
            <td data-bad={group.failed > 0 || undefined}>{group.failed.toLocaleString()}</td>
            <td>
              <Rate rate={group.failureRate} />
            </td>
            <td>{group.retried.toLocaleString()}</td>
            <td>{ms(group.runMs, "p50")}</td>
            <td>{ms(group.runMs, "p95")}</td>
            <td>{ms(group.queueMs, "p50")}</td>
            <td>{ms(group.queueMs, "p95")}</td>
            <td>{group.baselineMs == null ? "–" : <Duration ms={group.baselineMs} />}</td>
            <td>{group.slowdown == null ? "–" : <Slowdown times={group.slowdown} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const ms = (figures: Figures | undefined, name: "p50" | "p95") =>
  figures?.[name] == null ? "–" : <Duration ms={figures[name]} />;

function Rate({ rate }: { rate: number }) {
  const percent = rate * 100;
  return (
    <span className={css.rate}>
      <span className={css.bad} style={{ width: `${Math.min(100, percent) * 0.44}px` }} aria-hidden />
      {percent === 0 ? "0" : percent < 1 ? "< 1" : percent.toFixed(percent < 10 ? 1 : 0)} %
    </span>
  );
}

/** The group's name leads to its task runs. */
function Name({ group, query }: { group: GroupFigures; query: string }) {
  const hrefOf = useSearchHref();
  const { namespace, flowId, taskId } = group.key;
  const main = taskId ?? flowId ?? Object.values(group.key).join(" · ");
  const narrowed = Object.entries(group.key).reduce(
    (text, [field, value]) => withTerm(text, `${TERMS[field] ?? field}:${quoted(value)}`),
    query,
  );
  return (
    <>
      <Link to={hrefOf({ query: narrowed, show: null })} className={css.main}>
        {main || "none"}
      </Link>
      {flowId !== undefined && namespace !== undefined && (
        <span className={css.of}>
          {taskId !== undefined && <Link to={flowLink(namespace, flowId)}>{flowId}</Link>}
          <span>{namespace}</span>
        </span>
      )}
    </>
  );
}

function Errors({ groups, query }: { groups: readonly GroupFigures[]; query: string }) {
  const hrefOf = useSearchHref();
  const listed = groups.filter((group) => group.key.errorFingerprint);
  if (listed.length === 0) return null;
  return (
    <section className={css.errors} aria-label="Errors">
      <h2>Errors, same ones together</h2>
      <ul>
        {listed.map((group) => (
          <li key={group.key.errorFingerprint}>
            <span className={css.times}>{group.count.toLocaleString()}×</span>
            <Link
              to={hrefOf({
                query: withTerm(query, `fingerprint:${group.key.errorFingerprint}`),
                show: null,
              })}
              title={group.sample}
            >
              {group.sample ?? "An error without words"}
            </Link>
            <span className={css.failed}>
              {group.failed.toLocaleString()} failed, {group.retried.toLocaleString()} retried
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

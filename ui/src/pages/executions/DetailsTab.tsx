/** Inputs, variables, labels, the history of states, and the executions that this one started. */
import { Link } from "react-router";
import { type Execution, hasEnded } from "~/api/types";
import { executionLink } from "~/app/links";
import { Id } from "~/parts/Id";
import { JsonTree } from "~/parts/JsonTree";
import { ErrorBox } from "~/parts/Placeholders";
import { StateBadge } from "~/parts/StateBadge";
import { Duration, Instant } from "~/parts/Time";
import css from "./Execution.module.css";
import { useChildren } from "./Facts";

export function DetailsTab({ execution }: { execution: Execution }) {
  const histories = execution.state.histories;
  return (
    <div className={css.details}>
      <section>
        <h2>History</h2>
        <ol className={css.history}>
          {histories.map((entry, at) => (
            <li key={at}>
              <StateBadge state={entry.state} plain />
              <Instant at={entry.date} />
              <span className={css.lasted}>
                {(at < histories.length - 1 || !hasEnded(entry.state)) && (
                  <Duration from={entry.date} to={histories[at + 1]?.date} />
                )}
              </span>
            </li>
          ))}
        </ol>
      </section>
      <section>
        <h2>Inputs</h2>
        <Tree label="Inputs" value={execution.inputs} none="This flow was started without inputs." />
      </section>
      {execution.trigger && (
        <section>
          <h2>Trigger</h2>
          <Tree label="Trigger" value={{ ...execution.trigger }} none="" />
        </section>
      )}
      <section>
        <h2>Labels</h2>
        <Tree
          label="Labels"
          value={Object.fromEntries((execution.labels ?? []).map(({ key, value }) => [key, value]))}
          none="None."
        />
      </section>
      {execution.variables && (
        <section>
          <h2>Variables</h2>
          <Tree label="Variables" value={execution.variables} none="None." />
        </section>
      )}
      <Children execution={execution} />
    </div>
  );
}

function Tree({ label, value, none }: { label: string; value: object | undefined; none: string }) {
  if (value === undefined || Object.keys(value).length === 0) return <p className={css.quiet}>{none}</p>;
  return <JsonTree label={label} value={value} />;
}

function Children({ execution }: { execution: Execution }) {
  const children = useChildren(execution);
  if (children.isError) return <ErrorBox error={children.error} retry={() => void children.refetch()} />;
  if (children.data === undefined || children.data.total === 0) return null;
  return (
    <section className={css.wide}>
      <h2>Executions that it started</h2>
      <table className={css.table}>
        <thead>
          <tr>
            <th>State</th>
            <th>Flow</th>
            <th>Execution</th>
            <th>Start</th>
            <th>Duration</th>
          </tr>
        </thead>
        <tbody>
          {children.data.results.map((child) => (
            <tr key={child.id}>
              <td>
                <StateBadge state={child.state.current} />
              </td>
              <td>
                <Link to={executionLink(child.id)}>
                  {child.namespace}.{child.flowId}
                </Link>
              </td>
              <td>
                <Id id={child.id} to={executionLink(child.id)} />
              </td>
              <td>
                <Instant at={child.state.startDate} />
              </td>
              <td>
                <Duration
                  from={child.state.startDate}
                  to={hasEnded(child.state.current) ? child.state.endDate : null}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {children.data.total > children.data.results.length && (
        <p>
          <Link to={`/executions?query=${encodeURIComponent(`started-by:${execution.id}`)}`}>
            All {children.data.total.toLocaleString()}
          </Link>
        </p>
      )}
    </section>
  );
}

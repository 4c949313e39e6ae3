/** What changed from one moment of an execution to another: `since` in the address, the event before otherwise. */
import { useId } from "react";
import { Link } from "react-router";
import { useDiff } from "~/api/events";
import type { Execution } from "~/api/types";
import { ErrorBox, Loading } from "~/parts/Placeholders";
import { StateBadge } from "~/parts/StateBadge";
import { useSearchHref, useText } from "~/url/search";
import css from "./Events.module.css";

const SHOWN_MAX = 200;

export function Changes({ execution, to }: { execution: Execution; to: number }) {
  const [text, setText] = useText("since");
  const hrefOf = useSearchHref();
  const id = useId();
  const since = /^\d+$/.test(text) ? Number(text) : to - 1;
  const [one, other] = since <= to ? [since, to] : [to, since];
  const diff = useDiff(execution.id, { from: one, to: other }, one >= 1 && one !== other);
  return (
    <>
      <h3 className={css.changes}>
        <label htmlFor={id}>Changes since event</label>
        <input
          id={id}
          type="number"
          min={1}
          value={since < 1 ? "" : since}
          placeholder="1"
          onChange={(event) => setText(event.target.value)}
        />
      </h3>
      {one < 1 ? (
        <p className={css.quiet}>This is the first event: everything is new.</p>
      ) : one === other ? (
        <p className={css.quiet}>The same event.</p>
      ) : diff.isPending ? (
        <Loading lines={3} what="the changes" />
      ) : diff.isError ? (
        <ErrorBox error={diff.error} retry={() => void diff.refetch()} />
      ) : (
        <table className={css.diff}>
          <tbody>
            {diff.data.from.state !== diff.data.to.state && (
              <tr>
                <td>
                  <i>execution</i>
                </td>
                <td>
                  <StateBadge state={diff.data.from.state} plain />
                </td>
                <td>
                  <StateBadge state={diff.data.to.state} plain />
                </td>
              </tr>
            )}
            {diff.data.taskRuns.slice(0, SHOWN_MAX).map(({ taskId, values, before, after }) => (
              <tr key={after?.id ?? before?.id}>
                <td>
                  <Link to={hrefOf({ open: after?.id ?? before?.id })}>
                    {taskId} {values.join(" / ")}
                  </Link>
                </td>
                <td>{before ? <StateBadge state={before.state} plain /> : <i>none</i>}</td>
                <td>{after ? <StateBadge state={after.state} plain /> : <i>removed</i>}</td>
              </tr>
            ))}
            {(["labels", "inputs", "outputs"] as const)
              .filter((name) => diff.data[name] !== undefined)
              .map((name) => (
                <tr key={name}>
                  <td>
                    <i>{name}</i>
                  </td>
                  <td colSpan={2}>changed</td>
                </tr>
              ))}
          </tbody>
        </table>
      )}
      {diff.data && diff.data.taskRuns.length > SHOWN_MAX && one >= 1 && one !== other && (
        <p className={css.quiet}>and {(diff.data.taskRuns.length - SHOWN_MAX).toLocaleString()} more</p>
      )}
      {diff.data?.taskRuns.length === 0 && diff.data.from.state === diff.data.to.state && one !== other && (
        <p className={css.quiet}>No state changed.</p>
      )}
    </>
  );
}

/** What it is, where it stands in its flow, what went wrong, its states over time, its attempts. */
import { ChevronRight, CircleAlert, CornerDownRight } from "lucide-react";
import { Link } from "react-router";
import { hasEnded } from "~/api/types";
import { executionLink, flowLink, taskRunsLink } from "~/app/links";
import { CopyButton, Id } from "~/parts/Id";
import { StateBadge } from "~/parts/StateBadge";
import { Duration, Instant } from "~/parts/Time";
import { useSearchHref } from "~/url/search";
import { Slowdown, ValueOf } from "../columns";
import type { Detailed } from "../TaskRunDrawer";
import { Attempts } from "./Attempts";
import { StateLine } from "./StateLine";
import css from "./TaskRunDrawer.module.css";
import { useTabName } from "./tabName";

const WELL: ReadonlySet<string> = new Set(["SUCCESS", "RUNNING", "WARNING", "CREATED", "RETRYING"]);

export function Overview({ run }: { run: Detailed }) {
  const details = run.details;
  const attempts = details?.attempts ?? [];
  const histories = run.state.histories;
  return (
    <div className={css.part}>
      <Place run={run} />
      {details?.error && <ErrorText run={run} error={details.error} />}
      <h3>States</h3>
      <StateLine histories={histories} />
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
      {attempts.length > 0 && (
        <>
          <h3>{attempts.length === 1 ? "One attempt" : `${attempts.length} attempts`}</h3>
          <Attempts attempts={attempts} />
        </>
      )}
      <h3>About</h3>
      <Facts run={run} />
    </div>
  );
}

/** From the flow down to here: each step with its loop value. */
function Place({ run }: { run: Detailed }) {
  const hrefOf = useSearchHref();
  const tabName = useTabName();
  return (
    <nav className={css.place} aria-label="Where it stands">
      <Link to={flowLink(run.namespace, run.flowId)} title={`${run.namespace}.${run.flowId}`}>
        {run.flowId}
      </Link>
      <ChevronRight size={13} aria-hidden />
      <Link
        to={executionLink(run.executionId, run.id)}
        title={`Execution ${run.executionId}, at its place in time`}
      >
        <code>{run.executionId.slice(0, 8)}</code>
      </Link>
      <CopyButton text={run.executionId} what="execution id" />
      {run.details?.parents?.map((parent) => (
        <span key={parent.id}>
          <ChevronRight size={13} aria-hidden />
          <Link to={hrefOf({ open: parent.id, [tabName]: null })}>{parent.taskId}</Link>
          {parent.value !== undefined && <ValueOf value={parent.value} />}
        </span>
      ))}
      <ChevronRight size={13} aria-hidden />
      <b>{run.taskId}</b>
      {run.value !== undefined && <ValueOf value={run.value} />}
    </nav>
  );
}

function ErrorText({ run, error }: { run: Detailed; error: string }) {
  const print = run.details?.errorFingerprint;
  return (
    <section className={css.error} aria-label="Error">
      <CircleAlert size={16} aria-hidden />
      <div>
        {WELL.has(run.state.current) && <p>An earlier attempt failed:</p>}
        <pre>{error}</pre>
      </div>
      <CopyButton text={error} what="error" />
      {print && <Link to={taskRunsLink(`fingerprint:${print}`)}>All task runs with this error</Link>}
    </section>
  );
}

function Facts({ run }: { run: Detailed }) {
  const details = run.details ?? { attempts: [] };
  return (
    <dl className={css.facts}>
      <dt>Task run</dt>
      <dd>
        <Id id={run.id} whole copy />
      </dd>
      <dt>Execution</dt>
      <dd>
        <Id id={run.executionId} to={executionLink(run.executionId, run.id)} whole copy />
      </dd>
      <dt>Flow</dt>
      <dd>
        <Link to={flowLink(run.namespace, run.flowId)}>
          {run.namespace}.{run.flowId}
        </Link>
        {details.flowRevision !== undefined && ` revision ${details.flowRevision}`}
      </dd>
      {details.taskType && (
        <>
          <dt>Type</dt>
          <dd>{details.taskType}</dd>
        </>
      )}
      {run.iteration !== undefined && (
        <>
          <dt>Iteration</dt>
          <dd>{run.iteration}</dd>
        </>
      )}
      {details.baselineMs !== undefined && (
        <>
          <dt>Usual</dt>
          <dd>
            95 % take up to <Duration ms={details.baselineMs} />
            {details.slowdown !== undefined && (
              <>
                , this one <Slowdown times={details.slowdown} />
              </>
            )}
          </dd>
        </>
      )}
      {details.labels && details.labels.length > 0 && (
        <>
          <dt>Labels</dt>
          <dd className={css.labels}>
            {details.labels.map((label) => (
              <span key={`${label.key}:${label.value}`}>
                {label.key}: {label.value}
              </span>
            ))}
          </dd>
        </>
      )}
      {details.triggerExecutionId && (
        <>
          <dt>
            <CornerDownRight size={12} aria-hidden /> Started by
          </dt>
          <dd>
            <Id id={details.triggerExecutionId} to={executionLink(details.triggerExecutionId)} whole copy />
          </dd>
        </>
      )}
    </dl>
  );
}

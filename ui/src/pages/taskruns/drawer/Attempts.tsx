/** Every attempt, the failed ones too: how long it waited and ran, where, why it failed, its log. */
import { ScrollText } from "lucide-react";
import { Link } from "react-router";
import type { AttemptDetails } from "~/api/types";
import { StateBadge } from "~/parts/StateBadge";
import { Duration, Instant } from "~/parts/Time";
import { useSearchHref } from "~/url/search";
import css from "./Attempts.module.css";
import { useTabName } from "./tabName";

export function Attempts({ attempts }: { attempts: readonly AttemptDetails[] }) {
  const longest = Math.max(1, ...attempts.map((each) => (each.queueMs ?? 0) + (each.runMs ?? 0)));
  return (
    <ol className={css.attempts}>
      {attempts.map((each) => (
        <Attempt key={each.number} attempt={each} longest={longest} />
      ))}
    </ol>
  );
}

function Attempt({ attempt, longest }: { attempt: AttemptDetails; longest: number }) {
  const hrefOf = useSearchHref();
  const tabName = useTabName();
  const { number, state, queueMs = 0, runMs, startedAt, endedAt, workerId, logCount, error } = attempt;
  return (
    <li className={css.attempt}>
      <div className={css.head}>
        <b>{number + 1}</b>
        <StateBadge state={state} plain />
        <Instant at={startedAt ?? attempt.queuedAt} />
        <Link to={hrefOf({ [tabName]: "logs", attempt: String(number) })} className={css.log}>
          <ScrollText size={13} aria-hidden /> Log
          {logCount !== undefined && <span>{logCount.toLocaleString()}</span>}
          <span className="visually-hidden"> lines of attempt {number + 1}</span>
        </Link>
      </div>
      <div className={css.times} aria-hidden>
        <span className={css.queue} style={{ width: `${(100 * queueMs) / longest}%` }} />
        <span
          className={css.run}
          data-failed={state === "FAILED" || undefined}
          data-live={endedAt === undefined || undefined}
          style={{ width: `${endedAt === undefined ? 100 : (100 * (runMs ?? 0)) / longest}%` }}
        />
      </div>
      <p className={css.words}>
        <span>
          queued <Duration ms={queueMs} />
        </span>
        <span>
          ran{" "}
          {runMs === undefined && endedAt === undefined ? (
            <Duration from={startedAt} to={null} />
          ) : (
            <Duration ms={runMs} />
          )}
        </span>
        {workerId && <span>on {workerId}</span>}
      </p>
      {error && <p className={css.error}>{error}</p>}
    </li>
  );
}

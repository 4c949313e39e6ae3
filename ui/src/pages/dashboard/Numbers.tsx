import type { ReactNode } from "react";
import { Link } from "react-router";
import type { State } from "~/api/types";
import { executionsLink, namespaceLink } from "~/app/links";
import css from "./Dashboard.module.css";
import type { Within } from "./DashboardPage";
import { RUNNING, stateTerm, sumOf, useInProgress, useSummary, WENT_WELL, WENT_WRONG } from "./useDashboard";

/** The numbers at the top; of what has ended, how much went well. */
export function Numbers({
  counts,
  within,
  namespace,
}: {
  counts: ReadonlyMap<State, number>;
  within: Within;
  namespace: string;
}) {
  const running = useInProgress(namespace);
  const summary = useSummary(namespace);
  const well = sumOf(counts, WENT_WELL);
  const wrong = sumOf(counts, WENT_WRONG);
  const to = (states: readonly State[]) =>
    executionsLink(`${within.terms} ${stateTerm(states)}`.trim(), within.time);
  const flows = namespace === "" ? "/flows" : namespaceLink(namespace);
  return (
    <ul className={css.numbers} aria-label="In numbers">
      <Figure
        title="Success"
        to={to(WENT_WELL)}
        tone="good"
        of={`${well.toLocaleString()} of ${(well + wrong).toLocaleString()} ended`}
      >
        {ratio(well, wrong)}
      </Figure>
      <Figure
        title="Failure"
        to={to(WENT_WRONG)}
        tone={wrong > 0 ? "bad" : undefined}
        of={`${wrong.toLocaleString()} failed, killed or retried`}
      >
        {ratio(wrong, well)}
      </Figure>
      <Figure
        title="In progress"
        to={executionsLink(`${within.terms} ${stateTerm(RUNNING)}`.trim(), { timeRange: "all" })}
        of="executions now"
      >
        {running.data?.total.toLocaleString() ?? "–"}
      </Figure>
      <Figure title="Flows" to={flows} of="to run">
        {summary.data?.flows.toLocaleString() ?? "–"}
      </Figure>
      <Figure
        title="Triggers"
        to={namespace === "" ? "/triggers" : `/triggers?q=${encodeURIComponent(namespace)}`}
        of="declared by them"
      >
        {summary.data?.triggers.toLocaleString() ?? "–"}
      </Figure>
    </ul>
  );
}

function ratio(part: number, rest: number): string {
  const all = part + rest;
  if (all === 0) return "–";
  const percent = (part / all) * 100;
  // Nearly all is not all: 99.996 % is not shown as 100.
  const cut = percent > 99.9 && percent < 100 ? 99.9 : percent < 0.1 && percent > 0 ? 0.1 : percent;
  return `${cut.toFixed(cut % 1 === 0 ? 0 : 1)} %`;
}

function Figure({
  title,
  of,
  to,
  tone,
  children,
}: {
  title: string;
  of: string;
  to: string;
  tone?: "good" | "bad";
  children: ReactNode;
}) {
  return (
    <li>
      <Link to={to} className={css.number} data-tone={tone}>
        <span>{title}</span>
        <b>{children}</b>
        <small>{of}</small>
      </Link>
    </li>
  );
}

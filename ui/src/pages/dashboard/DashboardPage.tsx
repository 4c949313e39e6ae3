/** The start page: how it goes. Every number leads to the list that it counts, with the same time and namespace. */
import { useMemo } from "react";
import { useNavigate } from "react-router";
import { useNamespaces } from "~/api/flows";
import { useLevels } from "~/api/logs";
import { useHistogram } from "~/api/queries";
import { executionsLink, logsLink } from "~/app/links";
import { Bars } from "~/parts/Bars";
import { LEVEL_PARTS } from "~/parts/levels";
import { Card, Page } from "~/parts/Page";
import { ErrorBox, Loading } from "~/parts/Placeholders";
import { RangePicker } from "~/parts/RangePicker";
import { StateChart } from "~/parts/StateChart";
import { durationMs } from "~/time/duration";
import { isOpen, rangeParams, useTimeRange } from "~/url/range";
import { useText } from "~/url/search";
import { FirstVisit } from "../taskruns/FirstVisit";
import { useAnyEver } from "../taskruns/useAnyEver";
import css from "./Dashboard.module.css";
import { InProgress } from "./InProgress";
import { Namespaces } from "./Namespaces";
import { Numbers } from "./Numbers";
import { States } from "./States";
import { TopTasks } from "./TopTasks";
import { useStates } from "./useDashboard";

const EVERY_MS = 5_000;
const DEFAULT_RANGE = "PT24H";

export function Component() {
  const navigate = useNavigate();
  const [range, setRange] = useTimeRange(DEFAULT_RANGE);
  const [namespace, setNamespace] = useText("namespace");
  const params = useMemo(() => ({ namespace, ...rangeParams(range) }), [namespace, range]);
  const everyMs = isOpen(range) ? EVERY_MS : false;
  const executions = useStates("executions", params, everyMs);
  const taskRuns = useStates("taskruns", params, everyMs);
  const anyEver = useAnyEver(taskRuns.data?.total);
  const histogram = useHistogram("executions", params, everyMs);
  const levels = useLevels(params, everyMs);
  const within = useMemo<Within>(
    () => ({
      terms: namespace === "" ? "" : `namespace:${namespace}.*`,
      time: { timeRange: range.timeRange, startDate: range.startDate, endDate: range.endDate },
    }),
    [namespace, range],
  );
  const of = (term: string) => `${within.terms} ${term}`.trim();

  if (executions.isError) {
    return (
      <Page title="Dashboard">
        <Card fill>
          <ErrorBox error={executions.error} retry={() => void executions.refetch()} />
        </Card>
      </Page>
    );
  }
  if (executions.data === undefined || taskRuns.isPending) {
    return (
      <Page title="Dashboard">
        <Card fill>
          <Loading what="the dashboard" lines={10} />
        </Card>
      </Page>
    );
  }
  if (anyEver === false && executions.data.total === 0) {
    return (
      <Page title="Dashboard">
        <Card fill label="First visit">
          <FirstVisit onRunning={() => setRange({ timeRange: DEFAULT_RANGE })} />
        </Card>
      </Page>
    );
  }
  return (
    <Page
      title="Dashboard"
      actions={
        <>
          <NamespaceChoice namespace={namespace} onNamespace={setNamespace} />
          <RangePicker range={range} onRange={setRange} />
        </>
      }
    >
      <Numbers counts={executions.data.counts} within={within} namespace={namespace} />
      <div className={css.grid}>
        <Part title="Executions over time" wide>
          {histogram.data && (
            <StateChart
              buckets={histogram.data.buckets}
              intervalMs={durationMs(histogram.data.interval) ?? 60_000}
              onRange={(startDate, endDate) => setRange({ startDate, endDate })}
              onState={(state) => void navigate(executionsLink(of(`state:${state}`), within.time))}
              height={150}
            />
          )}
        </Part>
        <Part title="In progress now">
          <InProgress namespace={namespace} within={within} />
        </Part>
        <Part title="Task runs by state">
          <States counts={taskRuns.data?.counts} within={within} />
        </Part>
        <Part title="Top failing tasks">
          <TopTasks params={params} order="failed" everyMs={everyMs} within={within} />
        </Part>
        <Part title="Slowest against themselves">
          <TopTasks params={params} order="slowdown" everyMs={everyMs} within={within} />
        </Part>
        <Part title="By namespace">
          <Namespaces params={params} everyMs={everyMs} within={within} />
        </Part>
        <Part title="Logs by level" wide>
          {levels.data && (
            <Bars
              label="Log lines by level over time"
              parts={LEVEL_PARTS}
              buckets={levels.data.buckets}
              intervalMs={durationMs(levels.data.interval ?? "") ?? 60_000}
              onRange={(startDate, endDate) => setRange({ startDate, endDate })}
              onPart={(level) => void navigate(logsLink(of(`level:${level}`), within.time))}
              height={70}
            />
          )}
        </Part>
      </div>
    </Page>
  );
}

/** What all numbers have in common: the terms and the time of the lists that they lead to. */
export interface Within {
  terms: string;
  time: Record<string, string | undefined>;
}

function Part({
  title,
  wide = false,
  children,
}: {
  title: string;
  wide?: boolean;
  children: React.ReactNode;
}) {
  return (
    <div className={wide ? css.wide : css.part}>
      <Card label={title}>
        <h2 className={css.title}>{title}</h2>
        {children}
      </Card>
    </div>
  );
}

function NamespaceChoice({
  namespace,
  onNamespace,
}: {
  namespace: string;
  onNamespace: (namespace: string) => void;
}) {
  const found = useNamespaces();
  const names = new Set(found.data ?? []);
  if (namespace !== "") names.add(namespace);
  return (
    <select
      className={css.namespace}
      aria-label="Namespace"
      value={namespace}
      onChange={(event) => onNamespace(event.target.value)}
    >
      <option value="">All namespaces</option>
      {[...names].sort().map((each) => (
        <option key={each}>{each}</option>
      ))}
    </select>
  );
}

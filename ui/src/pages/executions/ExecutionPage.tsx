/**
 * One execution: what it is, its task runs over time, its graph, log, outputs, metrics, events, and how it
 * differs from the last good one. It is followed live; with `at` in the address it is shown as it was then.
 */
import { History } from "lucide-react";
import { lazy, Suspense, useMemo } from "react";
import { useParams } from "react-router";
import { useExecution, useExecutionAt } from "~/api/executions";
import { type Execution, hasEnded } from "~/api/types";
import { useKeys } from "~/app/keys";
import { Button } from "~/parts/Button";
import { Id } from "~/parts/Id";
import { Card, Page } from "~/parts/Page";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { StateBadge } from "~/parts/StateBadge";
import { Tabs } from "~/parts/Tabs";
import { Duration } from "~/parts/Time";
import { useSearch, useText } from "~/url/search";
import { TaskRunDrawer } from "../taskruns/TaskRunDrawer";
import { Actions } from "./actions/Actions";
import { CompareTab } from "./CompareTab";
import { DetailsTab } from "./DetailsTab";
import css from "./Execution.module.css";
import { EventsTab } from "./events/EventsTab";
import { TimeBar } from "./events/TimeBar";
import { Facts } from "./Facts";
import { Gantt } from "./gantt/Gantt";
import { LogsTab } from "./LogsTab";
import { MetricsTab } from "./MetricsTab";
import { OutputsTab } from "./OutputsTab";

const GraphTab = lazy(() => import("./GraphTab"));

export function Component() {
  const { executionId = "" } = useParams();
  const followed = useExecution(executionId);
  if (followed.execution === undefined) {
    return (
      <Page title="Execution">
        <Card fill>
          {followed.error === undefined ? (
            <Loading what={`execution ${executionId}`} lines={12} />
          ) : (
            <ErrorBox error={followed.error} retry={followed.reload} />
          )}
        </Card>
      </Page>
    );
  }
  return <Found key={executionId} now={followed.execution} {...followed} />;
}

function Found({
  now,
  stream,
  error,
  reload,
}: {
  now: Execution;
  stream: string;
  error: unknown;
  reload: () => void;
}) {
  const [, change] = useSearch();
  const [tab, setTab] = useText("tab", "gantt");
  const [openId] = useText("open");
  const [atText, setAt] = useText("at");
  const at = /^\d+$/.test(atText) ? Number(atText) : null;
  const past = useExecutionAt(now.id, at);
  const shown = at === null ? now : (past.data ?? now);
  const atMs = useMemo(() => (at === null ? null : lastChangeMs(shown)), [at, shown]);
  const current = now.state.current;
  const ended = hasEnded(current);
  useKeys(
    "Execution",
    TABS.map(([id, title], place) => ({
      keys: String(place + 1),
      does: `Go to ${title}`,
      run: () => setTab(id === "gantt" ? null : id, { push: true }),
    })),
  );

  const render: Record<string, () => React.ReactNode> = {
    gantt: () => <Gantt execution={shown} axis={now} at={atMs} />,
    graph: () => (
      <Suspense fallback={<Loading what="the graph" />}>
        <GraphTab execution={shown} />
      </Suspense>
    ),
    logs: () => <LogsTab execution={now} />,
    outputs: () => <OutputsTab execution={shown} />,
    metrics: () => <MetricsTab execution={now} live={!ended} />,
    events: () => <EventsTab execution={now} at={at} />,
    compare: () => <CompareTab execution={now} />,
    details: () => <DetailsTab execution={shown} />,
  };
  return (
    <Page
      title={now.flowId}
      note={
        <>
          <StateBadge state={current} live />
          <Duration
            from={now.state.startDate}
            to={ended ? (now.state.endDate ?? now.state.startDate) : null}
          />
          <Id id={now.id} copy />
          {stream === "broken" && (
            <span className={css.broken} role="status">
              The connection is lost; trying again
            </span>
          )}
        </>
      }
      actions={
        <>
          <Button pressed={at !== null} onPress={() => (at === null ? change({ at: NEWEST }) : setAt(null))}>
            <History size={15} /> Time travel
          </Button>
          <Actions execution={now} onDone={reload} />
        </>
      }
      aside={
        openId !== "" && (
          <TaskRunDrawer
            id={openId}
            tabName="part"
            onClose={() => change({ open: null, part: null }, { push: true })}
          />
        )
      }
    >
      <Facts execution={now} />
      {at !== null && <TimeBar execution={now} at={at} shown={shown} isLate={past.isPlaceholderData} />}
      <Card fill label="Parts of the execution">
        {past.isError && at !== null ? (
          <ErrorBox error={past.error} retry={() => void past.refetch()} />
        ) : error !== undefined && now === undefined ? (
          <Empty title="There is no such execution" />
        ) : (
          <Tabs
            label="Parts of the execution"
            fill
            selected={tab}
            onSelect={(id) => setTab(id, { push: true })}
            tabs={TABS.map(([id, title]) => ({
              id,
              title,
              count: id === "gantt" ? now.taskRunList?.length : undefined,
              render: render[id]!,
            }))}
          />
        )}
      </Card>
    </Page>
  );
}

/** More than any event's number: the time bar makes it that of the newest. */
const NEWEST = 999_999_999;

const TABS = [
  ["gantt", "Gantt"],
  ["graph", "Graph"],
  ["logs", "Logs"],
  ["outputs", "Outputs"],
  ["metrics", "Metrics"],
  ["events", "Events"],
  ["compare", "Compare"],
  ["details", "Details"],
] as const;

/** When the last thing happened to it. */
function lastChangeMs(execution: Execution): number {
  let last = execution.state.histories.at(-1)?.date ?? execution.state.startDate;
  for (const run of execution.taskRunList ?? []) {
    const date = run.state.histories.at(-1)?.date ?? "";
    if (date > last) last = date;
  }
  return Date.parse(last);
}

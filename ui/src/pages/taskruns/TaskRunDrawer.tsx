/** One task run: what it is, how it went, its log, what it gave. */
import { Link } from "react-router";
import { useTaskRun, useTaskRunLog } from "~/api/taskruns";
import { hasEnded, type Level, type TaskRun } from "~/api/types";
import { executionLink, flowLink } from "~/app/links";
import { Drawer } from "~/parts/Drawer";
import { Id } from "~/parts/Id";
import { JsonTree } from "~/parts/JsonTree";
import { LogView } from "~/parts/LogView";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { StateBadge } from "~/parts/StateBadge";
import { Tabs } from "~/parts/Tabs";
import { Duration, Instant } from "~/parts/Time";
import { useText } from "~/url/search";
import { ValueOf } from "./columns";
import css from "./TaskRunDrawer.module.css";

const EVERY_MS = 2_000;

interface TaskRunDrawerProps {
  id: string;
  onClose: () => void;
  /** Its tab's name in the address, where the page has a `tab` of its own. */
  tabName?: string;
}

export function TaskRunDrawer({ id, onClose, tabName = "tab" }: TaskRunDrawerProps) {
  const found = useTaskRun(id);
  const running = found.data !== undefined && !hasEnded(found.data.state.current);
  const [tab, setTab] = useText(tabName, "overview");
  const run = found.data;
  return (
    <Drawer id={id} label="Task run" onClose={onClose} head={run ? <Head run={run} /> : <h2>Task run</h2>}>
      {found.isPending ? (
        <Loading what="the task run" />
      ) : found.isError ? (
        <ErrorBox error={found.error} retry={() => void found.refetch()} />
      ) : (
        <Tabs
          label="Parts of the task run"
          fill
          selected={tab}
          onSelect={setTab}
          tabs={[
            { id: "overview", title: "Overview", render: () => <Overview run={found.data} /> },
            { id: "logs", title: "Logs", render: () => <Log run={found.data} live={running} /> },
            {
              id: "outputs",
              title: "Outputs",
              count: Object.keys(found.data.outputs ?? {}).length,
              render: () => <Outputs run={found.data} />,
            },
            { id: "json", title: "JSON", render: () => <JsonOf run={found.data} /> },
          ]}
        />
      )}
    </Drawer>
  );
}

function Head({ run }: { run: TaskRun }) {
  return (
    <>
      <h2 className={css.name}>
        {run.taskId}
        {run.value !== undefined && <ValueOf value={run.value} />}
      </h2>
      <p className={css.under}>
        <StateBadge state={run.state.current} />
        <Duration
          from={run.state.startDate}
          to={hasEnded(run.state.current) ? (run.state.endDate ?? run.state.startDate) : null}
        />
        <Id id={run.id} copy />
      </p>
    </>
  );
}

function Overview({ run }: { run: TaskRun }) {
  const histories = run.state.histories;
  return (
    <div className={css.part}>
      <dl className={css.facts}>
        <dt>Execution</dt>
        <dd>
          <Id id={run.executionId} to={executionLink(run.executionId, run.id)} whole copy />
        </dd>
        <dt>Flow</dt>
        <dd>
          <Link to={flowLink(run.namespace, run.flowId)}>
            {run.namespace}.{run.flowId}
          </Link>
        </dd>
        <dt>Started</dt>
        <dd>
          <Instant at={run.state.startDate} />
        </dd>
        <dt>Ended</dt>
        <dd>
          <Instant at={run.state.endDate} />
        </dd>
        <dt>Attempts</dt>
        <dd>{run.attempts?.length ?? 0}</dd>
        {run.iteration !== undefined && (
          <>
            <dt>Iteration</dt>
            <dd>{run.iteration}</dd>
          </>
        )}
      </dl>
      <h3>History</h3>
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
    </div>
  );
}

function Log({ run, live }: { run: TaskRun; live: boolean }) {
  const [level, setLevel] = useText("level", "TRACE");
  const [words, setWords] = useText("find");
  const log = useTaskRunLog(run, null, live ? EVERY_MS : false);
  if (log.isPending) return <Loading what="the log" />;
  if (log.isError) return <ErrorBox error={log.error} retry={() => void log.refetch()} />;
  return (
    <LogView
      lines={log.data}
      live={live}
      minLevel={level as Level}
      onMinLevel={setLevel}
      words={words}
      onWords={setWords}
      fileName={`${run.taskId}-${run.id}.log`}
      empty={log.data.length === 0 && <Empty title="This task run wrote no log" />}
    />
  );
}

function Outputs({ run }: { run: TaskRun }) {
  const outputs = run.outputs ?? {};
  if (Object.keys(outputs).length === 0) return <Empty title="No outputs" />;
  return (
    <div className={css.part}>
      <JsonTree label="Outputs" value={outputs} />
    </div>
  );
}

function JsonOf({ run }: { run: TaskRun }) {
  return (
    <div className={css.part}>
      <JsonTree label="The task run as JSON" value={run} open={1} />
    </div>
  );
}

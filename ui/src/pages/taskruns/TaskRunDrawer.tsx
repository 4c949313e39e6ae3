/** One task run: how it went, every attempt with its log, what went in and came out, what happened, what to do. */
import { Ellipsis } from "lucide-react";
import { useState } from "react";
import { useTaskRun, useTaskRunLog } from "~/api/taskruns";
import { hasEnded, type Level, type TaskRun, type TaskRunDetails } from "~/api/types";
import { Button, IconButton } from "~/parts/Button";
import { type Action, CHANGE_STATE, KILL, REPLAY, RESTART } from "~/parts/bulk/actions";
import { BulkDialog } from "~/parts/bulk/BulkDialog";
import { Drawer } from "~/parts/Drawer";
import { Id } from "~/parts/Id";
import { JsonTree } from "~/parts/JsonTree";
import { LogView } from "~/parts/LogView";
import { Menu } from "~/parts/Menu";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { StateBadge } from "~/parts/StateBadge";
import { Tabs } from "~/parts/Tabs";
import { Duration } from "~/parts/Time";
import { useText } from "~/url/search";
import { ValueOf } from "./columns";
import { Data } from "./drawer/Data";
import { Events } from "./drawer/Events";
import { Overview } from "./drawer/Overview";
import css from "./drawer/TaskRunDrawer.module.css";
import { TabName } from "./drawer/tabName";

const EVERY_MS = 2_000;
const ALL = "all";

export type Detailed = TaskRun & { details?: TaskRunDetails };

interface Props {
  id: string;
  onClose: () => void;
  /** What its open part is called in the address. */
  tabName?: string;
}

export function TaskRunDrawer({ id, onClose, tabName = "tab" }: Props) {
  const found = useTaskRun(id);
  const run = found.data;
  const [tab, setTab] = useText(tabName, "overview");
  const [doing, setDoing] = useState<Action | null>(null);
  const live = run !== undefined && !hasEnded(run.state.current);
  return (
    <TabName value={tabName}>
      <Drawer
        id={id}
        label="Task run"
        onClose={onClose}
        head={run ? <Head run={run} /> : <h2>Task run</h2>}
        actions={run && <Actions live={live} onAction={setDoing} />}
      >
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
              { id: "logs", title: "Logs", render: () => <Log run={found.data} live={live} /> },
              {
                id: "data",
                title: "Data",
                count: countOf(found.data) || undefined,
                render: () => <Data run={found.data} />,
              },
              { id: "events", title: "Events", render: () => <Events run={found.data} live={live} /> },
              { id: "json", title: "JSON", render: () => <JsonOf run={found.data} /> },
            ]}
          />
        )}
        {doing && run && (
          <BulkDialog
            kind="taskruns"
            action={doing}
            target={{ ids: [run.id] }}
            onClose={() => {
              setDoing(null);
              void found.refetch();
            }}
            nameOf={() => run.taskId}
          />
        )}
      </Drawer>
    </TabName>
  );
}

const countOf = (run: Detailed) =>
  Object.keys(run.outputs ?? {}).length +
  Object.keys(run.details?.inputs ?? {}).length +
  (run.details?.metrics?.length ?? 0);

function Head({ run }: { run: Detailed }) {
  const ended = hasEnded(run.state.current);
  return (
    <>
      <h2 className={css.name}>
        {run.taskId}
        {run.value !== undefined && <ValueOf value={run.value} />}
      </h2>
      <p className={css.under}>
        <StateBadge state={run.state.current} live />
        <Duration
          from={run.state.startDate}
          to={ended ? (run.state.endDate ?? run.state.histories.at(-1)?.date) : null}
        />
        <Id id={run.id} copy />
      </p>
    </>
  );
}

/** What can be done from here; each is tried first. */
function Actions({ live, onAction }: { live: boolean; onAction: (action: Action) => void }) {
  const first = live ? KILL : REPLAY;
  const more = live ? [CHANGE_STATE] : [RESTART, CHANGE_STATE];
  const titles: Record<string, string> = {
    replay: "Replay from here",
    restart: "Restart the execution",
    changeState: "Change state",
  };
  return (
    <>
      <Button small kind={first.danger ? "danger" : "plain"} onPress={() => onAction(first)}>
        <first.icon size={13} /> {titles[first.id] ?? first.title}
      </Button>
      <Menu
        label="More to do"
        trigger={
          <IconButton label="More to do">
            <Ellipsis size={16} />
          </IconButton>
        }
        items={more.map((action) => ({
          id: action.id,
          title: `${titles[action.id]}…`,
          icon: <action.icon size={14} />,
        }))}
        onAction={(id) => onAction(more.find((action) => action.id === id) ?? first)}
      />
    </>
  );
}

function Log({ run, live }: { run: Detailed; live: boolean }) {
  const [level, setLevel] = useText("level", "TRACE");
  const [words, setWords] = useText("find");
  const [attempt, setAttempt] = useText("attempt", ALL);
  const attempts = run.details?.attempts ?? [];
  const log = useTaskRunLog(run, attempt === ALL ? null : Number(attempt), live ? EVERY_MS : false);
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
      empty={log.data.length === 0 && <Empty title="No log lines here" />}
      actions={
        attempts.length > 1 && (
          <select
            className={css.attempt}
            aria-label="Attempt"
            value={attempt}
            onChange={(event) => setAttempt(event.target.value)}
          >
            <option value={ALL}>All attempts</option>
            {attempts.map((each) => (
              <option key={each.number} value={each.number}>
                Attempt {each.number + 1}
              </option>
            ))}
          </select>
        )
      }
    />
  );
}

function JsonOf({ run }: { run: Detailed }) {
  return (
    <div className={css.part}>
      <JsonTree label="The task run as JSON" value={run} open={1} />
    </div>
  );
}

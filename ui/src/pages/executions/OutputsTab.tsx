/** What the flow and each of its task runs gave, as trees; searched by name and value, with the way for expressions. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useDeferredValue, useMemo, useRef } from "react";
import { Link, useNavigate } from "react-router";
import { type Execution, hasEnded, type TaskRun } from "~/api/types";
import { useKeys } from "~/app/keys";
import { JsonTree, step } from "~/parts/JsonTree";
import { Empty } from "~/parts/Placeholders";
import { lookOf } from "~/parts/states";
import { useSearchHref, useText, useTyped } from "~/url/search";
import css from "./Outputs.module.css";

interface Entry {
  id: string;
  title: string;
  value?: string;
  state?: string;
  outputs: Record<string, unknown>;
  expression: string;
}

const ROW = 30;
const FLOW = "flow";

export function OutputsTab({ execution }: { execution: Execution }) {
  const [typed, setWords] = useTyped("find");
  const words = useDeferredValue(typed);
  const [chosen] = useText("output");
  const navigate = useNavigate();
  const hrefOf = useSearchHref();
  const all = useMemo(() => entriesOf(execution), [execution]);
  const shown = useMemo(() => fitting(all, words), [all, words]);
  const open = shown.find((entry) => entry.id === chosen) ?? shown[0];
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 10,
  });
  const move = (by: number) => {
    const at = open === undefined ? -1 : shown.indexOf(open);
    const next = shown[Math.max(0, Math.min(shown.length - 1, at + by))];
    if (next === undefined) return;
    virtual.scrollToIndex(shown.indexOf(next));
    void navigate(hrefOf({ output: next.id }), { replace: true });
  };
  useKeys("Outputs", [
    { keys: "j", does: "Next task run", run: () => move(1) },
    { keys: "k", does: "Task run before", run: () => move(-1) },
  ]);
  if (all.length === 0) {
    return (
      <Empty title="No outputs">
        {hasEnded(execution.state.current)
          ? "None of its tasks gave anything, and its flow declares no outputs."
          : "They appear when the first task that gives some has ended."}
      </Empty>
    );
  }
  return (
    <div className={css.outputs}>
      <div className={css.side}>
        <input
          type="search"
          className={css.search}
          aria-label="Search in outputs"
          placeholder="Search names and values"
          value={typed}
          onChange={(event) => setWords(event.target.value)}
        />
        <p className={css.count} role="status">
          {shown.length === all.length
            ? `${all.length.toLocaleString()} with outputs`
            : `${shown.length.toLocaleString()} of ${all.length.toLocaleString()}`}
        </p>
        <div ref={box} className={css.list} tabIndex={0} role="group" aria-label="Task runs with outputs">
          <div className={css.all} style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const entry = shown[item.index]!;
              const look = entry.state === undefined ? null : lookOf(entry.state);
              return (
                <Link
                  key={entry.id}
                  to={hrefOf({ output: entry.id })}
                  replace
                  className={css.entry}
                  aria-current={entry === open || undefined}
                  style={{ transform: `translateY(${item.start}px)`, height: ROW }}
                >
                  {look && (
                    <look.icon size={13} strokeWidth={2.4} aria-label={entry.state} data-hue={look.hue} />
                  )}
                  <span className={css.name}>{entry.title}</span>
                  {entry.value !== undefined && <span className={css.value}>{entry.value}</span>}
                </Link>
              );
            })}
          </div>
        </div>
      </div>
      <div className={css.main} tabIndex={0} role="region" aria-label="Outputs">
        {open === undefined ? (
          <Empty title="Nothing matches" />
        ) : (
          <>
            <h2>
              {open.title}
              {open.value !== undefined && <span className={css.value}>{open.value}</span>}
              {open.id !== FLOW && (
                <Link className={css.open} to={hrefOf({ open: open.id })}>
                  Open the task run
                </Link>
              )}
            </h2>
            <JsonTree
              key={open.id}
              label={`Outputs of ${open.title}`}
              value={open.outputs}
              expression={open.expression}
            />
          </>
        )}
      </div>
    </div>
  );
}

function entriesOf(execution: Execution): Entry[] {
  const runs = execution.taskRunList ?? [];
  const byId = new Map(runs.map((run) => [run.id, run]));
  const entries: Entry[] = [];
  if (execution.outputs && Object.keys(execution.outputs).length > 0) {
    // From outside: of a subflow's task.
    entries.push({ id: FLOW, title: "Flow outputs", outputs: execution.outputs, expression: "outputs" });
  }
  for (const run of runs) {
    if (!run.outputs || Object.keys(run.outputs).length === 0) continue;
    entries.push({
      id: run.id,
      title: run.taskId,
      value: run.value,
      state: run.state.current,
      outputs: run.outputs,
      expression: wayTo(run, byId),
    });
  }
  return entries;
}

/** `outputs.task`, and in loops the values of those around it and its own. */
function wayTo(run: TaskRun, byId: ReadonlyMap<string, TaskRun>): string {
  const values: string[] = [];
  for (let at: TaskRun | undefined = run; at !== undefined; at = byId.get(at.parentTaskRunId ?? "")) {
    if (at.value !== undefined) values.unshift(at.value);
  }
  const quoted = (value: string) => `['${value.replace(/\\/g, "\\\\").replace(/'/g, "\\'")}']`;
  return step("outputs", run.taskId) + values.map(quoted).join("");
}

function fitting(all: readonly Entry[], words: string): readonly Entry[] {
  const needle = words.trim().toLowerCase();
  if (needle === "") return all;
  return all.filter((entry) =>
    `${entry.title} ${entry.value ?? ""} ${JSON.stringify(entry.outputs)}`.toLowerCase().includes(needle),
  );
}

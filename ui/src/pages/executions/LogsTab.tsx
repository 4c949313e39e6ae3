/** The log of the whole execution, live as long as it goes on; of all tasks or of one. */
import { useEffect, useMemo, useRef, useState } from "react";
import { get } from "~/api/client";
import { openStream } from "~/api/sse";
import { type Execution, hasEnded, type Level, type LogLine } from "~/api/types";
import { LogView } from "~/parts/LogView";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { useText, useTyped } from "~/url/search";
import css from "./Execution.module.css";

export function LogsTab({ execution }: { execution: Execution }) {
  const ended = hasEnded(execution.state.current);
  const { lines, error, isPending, retry } = useLog(execution.id, ended);
  const [level, setLevel] = useText("level", "TRACE");
  const [words, setWords] = useTyped("find");
  const [task, setTask] = useText("task");
  const tasks = useMemo(
    () => [...new Set(execution.taskRunList?.map((run) => run.taskId))],
    [execution.taskRunList],
  );
  const values = useMemo(
    () => new Map(execution.taskRunList?.map((run) => [run.id, run.value])),
    [execution.taskRunList],
  );
  const shown = useMemo(
    () => (task === "" ? lines : lines.filter((line) => line.taskId === task)),
    [lines, task],
  );
  if (error !== undefined && lines.length === 0) return <ErrorBox error={error} retry={retry} />;
  if (isPending) return <Loading what="the log" />;
  return (
    <LogView
      lines={shown}
      live={!ended}
      minLevel={level as Level}
      onMinLevel={setLevel}
      words={words}
      onWords={setWords}
      fileName={`${execution.flowId}-${execution.id}${task && `-${task}`}.log`}
      tagOf={(line) => {
        const value = line.taskRunId === undefined ? undefined : values.get(line.taskRunId);
        const attempt = line.attemptNumber ? ` #${line.attemptNumber + 1}` : "";
        return `${line.taskId ?? "execution"}${value === undefined ? "" : ` ${value}`}${attempt}`;
      }}
      empty={
        lines.length === 0 ? (
          <Empty title={ended ? "This execution wrote no log" : "No lines yet"}>
            {ended ? "None of its tasks logged anything." : "They appear as they are written."}
          </Empty>
        ) : undefined
      }
      actions={
        <select
          className={css.task}
          aria-label="Task"
          value={task}
          onChange={(event) => setTask(event.target.value)}
        >
          <option value="">all tasks</option>
          {tasks.map((each) => (
            <option key={each}>{each}</option>
          ))}
          {task !== "" && !tasks.includes(task) && <option>{task}</option>}
        </select>
      }
    />
  );
}

/** The lines there are, and those to come; many that come together are shown together. */
function useLog(id: string, ended: boolean) {
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [error, setError] = useState<unknown>();
  const [isPending, setPending] = useState(true);
  const [round, setRound] = useState(0);
  const path = `/logs/${encodeURIComponent(id)}`;
  // Whoever was followed to the end has been read to the end.
  const isWhole = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each round reads anew
  useEffect(() => {
    if (isWhole.current && ended) return;
    const control = new AbortController();
    if (ended) {
      get<LogLine[]>(path, {}, control.signal).then(
        (found) => {
          isWhole.current = true;
          setLines(found);
          setPending(false);
        },
        (failure) => !control.signal.aborted && setError(failure),
      );
      return () => control.abort();
    }
    let waiting: LogLine[] = [];
    let frame = 0;
    let isFirst = true;
    isWhole.current = false;
    const show = () => {
      frame = 0;
      const added = waiting;
      waiting = [];
      const begins = isFirst;
      isFirst = false;
      setLines((before) => (begins ? added : [...before, ...added]));
    };
    const close = openStream(`${path}/follow`, {
      onEvent: ({ id: eventId, data }) => {
        if (eventId !== "end") waiting.push(JSON.parse(data) as LogLine);
        else isWhole.current = true;
        if (frame === 0) frame = requestAnimationFrame(show);
        return eventId !== "end";
      },
      onState: (state, refused) => {
        if (state === "open") setPending(false);
        if (refused) setError(refused);
      },
    });
    return () => {
      // The stream ends by itself soon after the execution; what is on its way still counts.
      close();
      if (frame !== 0) {
        cancelAnimationFrame(frame);
        show();
      }
    };
  }, [path, ended, round]);
  return { lines, error, isPending, retry: () => setRound((before) => before + 1) };
}

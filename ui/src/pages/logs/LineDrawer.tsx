/** One log line as a whole, and the lines of its execution around it. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { linesOf } from "~/api/logs";
import type { LogLine } from "~/api/types";
import { executionLink, flowLink, logsLink } from "~/app/links";
import { plainText } from "~/parts/ansi";
import { Drawer } from "~/parts/Drawer";
import { CopyButton, Id } from "~/parts/Id";
import { Empty, Loading } from "~/parts/Placeholders";
import { Instant } from "~/parts/Time";
import { LevelWord } from "./columns";
import css from "./LogsPage.module.css";
import { lineId, nameOfLine } from "./line";

const AROUND = 12;

export function LineDrawer({
  id,
  rows,
  onClose,
}: {
  id: string;
  rows: readonly LogLine[];
  onClose: () => void;
}) {
  const name = nameOfLine(id);
  const around = useQuery({
    queryKey: ["logs", "around", name.executionId],
    queryFn: ({ signal }) => linesOf(name.executionId, { minLevel: "TRACE" }, signal),
    enabled: name.executionId !== "",
    staleTime: 10_000,
  });
  const line = rows.find((row) => lineId(row) === id) ?? around.data?.find((row) => lineId(row) === id);
  return (
    <Drawer id={id} label="Log line" onClose={onClose} head={<Head line={line} />}>
      {line === undefined ? (
        around.isFetching ? (
          <Loading what="the line" />
        ) : (
          <Empty title="This line is not there any more" />
        )
      ) : (
        <div className={css.drawer}>
          <div className={css.whole}>
            <pre tabIndex={0}>{plainText(line.message)}</pre>
            <CopyButton text={plainText(line.message)} what="the message" />
          </div>
          <Fields line={line} />
          <h3>Around it in the execution</h3>
          {around.isPending ? (
            <Loading lines={4} what="the lines around" />
          ) : (
            <Around id={id} lines={around.data ?? []} />
          )}
        </div>
      )}
    </Drawer>
  );
}

function Head({ line }: { line: LogLine | undefined }) {
  if (line === undefined) return <h2>Log line</h2>;
  return (
    <>
      <h2>{line.taskId ?? line.triggerId ?? "Log line"}</h2>
      <p className={css.under}>
        <LevelWord level={line.level} /> <Instant at={line.timestamp} />
      </p>
    </>
  );
}

function Fields({ line }: { line: LogLine }) {
  return (
    <dl className={css.fields}>
      {line.executionId && (
        <>
          <dt>Execution</dt>
          <dd>
            <Id id={line.executionId} to={executionLink(line.executionId, line.taskRunId)} whole copy />{" "}
            <Link to={logsLink(`execution:${line.executionId}`, { timeRange: "all" })}>all its lines</Link>
          </dd>
        </>
      )}
      {line.taskRunId && (
        <>
          <dt>Task run</dt>
          <dd>
            <Id
              id={line.taskRunId}
              to={`/taskruns?timeRange=all&query=${encodeURIComponent(`id:${line.taskRunId}`)}&open=${line.taskRunId}&tab=logs`}
              whole
              copy
            />
          </dd>
          <dt>Attempt</dt>
          <dd>{(line.attemptNumber ?? 0) + 1}</dd>
        </>
      )}
      {line.namespace && line.flowId && (
        <>
          <dt>Flow</dt>
          <dd>
            <Link to={flowLink(line.namespace, line.flowId)}>
              {line.namespace}.{line.flowId}
            </Link>
          </dd>
        </>
      )}
      {line.thread && (
        <>
          <dt>Thread</dt>
          <dd>{line.thread}</dd>
        </>
      )}
    </dl>
  );
}

function Around({ id, lines }: { id: string; lines: readonly LogLine[] }) {
  const at = lines.findIndex((line) => lineId(line) === id);
  const from = Math.max(0, at - AROUND);
  return (
    <ol className={css.around}>
      {lines.slice(from, at + AROUND + 1).map((line, place) => (
        <li key={from + place} data-this={from + place === at || undefined} data-level={line.level}>
          <Instant at={line.timestamp} clock /> <LevelWord level={line.level} />
          <code>
            {line.taskId && <b>{line.taskId} </b>}
            {plainText(line.message).slice(0, 300)}
          </code>
        </li>
      ))}
    </ol>
  );
}

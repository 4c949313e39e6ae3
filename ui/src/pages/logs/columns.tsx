import type { LogLine } from "~/api/types";
import { executionLink, flowLink } from "~/app/links";
import { plainText } from "~/parts/ansi";
import type { Column } from "~/parts/columns";
import { Id } from "~/parts/Id";
import { PlainLink } from "~/parts/PlainLink";
import { Instant } from "~/parts/Time";
import css from "./LogsPage.module.css";

const SHOWN_CHARACTERS = 500;

export const COLUMNS: readonly Column<LogLine>[] = [
  { id: "date", title: "Time", width: 172, cell: (row) => <Instant at={row.timestamp} /> },
  { id: "level", title: "Level", width: 70, cell: (row) => <LevelWord level={row.level} /> },
  {
    id: "message",
    title: "Message",
    width: 300,
    grow: 6,
    primary: true,
    cell: (row) => <code className={css.message}>{firstLine(row.message)}</code>,
  },
  {
    id: "task",
    title: "Task",
    width: 110,
    grow: 1,
    cell: (row) =>
      row.taskId ? (
        <>
          {row.taskRunId && row.executionId ? (
            <PlainLink to={executionLink(row.executionId, row.taskRunId)}>{row.taskId}</PlainLink>
          ) : (
            row.taskId
          )}
          {(row.attemptNumber ?? 0) > 0 && (
            <span className={css.attempt} title={`Attempt ${(row.attemptNumber ?? 0) + 1}`}>
              {" "}
              #{(row.attemptNumber ?? 0) + 1}
            </span>
          )}
        </>
      ) : (
        "–"
      ),
  },
  {
    id: "flow",
    title: "Flow",
    width: 110,
    grow: 1,
    cell: (row) =>
      row.namespace && row.flowId ? (
        <PlainLink to={flowLink(row.namespace, row.flowId)}>{row.flowId}</PlainLink>
      ) : (
        "–"
      ),
  },
  {
    id: "execution",
    title: "Execution",
    width: 96,
    cell: (row) => (row.executionId ? <Id id={row.executionId} to={executionLink(row.executionId)} /> : "–"),
  },
];

export function LevelWord({ level }: { level: string }) {
  return (
    <span className={css.word} data-level={level}>
      {level}
    </span>
  );
}

function firstLine(message: string): string {
  const text = plainText(message);
  const end = text.indexOf("\n");
  const line = end < 0 ? text : `${text.slice(0, end)} ⏎`;
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}

import type { LogLine } from "~/api/types";
import type { RowKind } from "~/parts/rows/useRows";

/** Lines have no id of their own; what wrote it, when, and a mark of its words make one that an address can hold. */
export const lineId = (line: LogLine): string =>
  `${line.executionId ?? ""}~${line.taskRunId ?? ""}~${line.timestamp}~${markOf(line.message)}`;

/** What a list of lines is made of. Lines never change; those that say the same at the same instant are one. */
export const LINES: RowKind<LogLine> = {
  kind: "logs",
  watched: false,
  idOf: lineId,
  startOf: (line) => line.timestamp,
  newer: (line) => line,
};

export interface LineName {
  executionId: string;
  taskRunId: string;
  timestamp: string;
}

export function nameOfLine(id: string): LineName {
  const [executionId = "", taskRunId = "", timestamp = ""] = id.split("~");
  return { executionId, taskRunId, timestamp };
}

function markOf(text: string): string {
  let mark = text.length;
  for (let at = 0; at < text.length && at < 2_000; at++) mark = (mark * 31 + text.charCodeAt(at)) | 0;
  return (mark >>> 0).toString(36);
}

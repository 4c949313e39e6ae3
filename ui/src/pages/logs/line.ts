import type { LogLine } from "~/api/types";

/** Lines have no id of their own; what wrote it, when, and a mark of its words make one that an address can hold. */
export const lineId = (line: LogLine): string =>
  `${line.executionId ?? ""}~${line.taskRunId ?? ""}~${line.timestamp}~${markOf(line.message)}`;

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

/**
 * Follows an execution beside the page's main thread: it reads each state as it comes, and tells only what changed.
 * Ten thousand task runs are ten megabytes at a time; the page would stand still while it reads them.
 */
import { type Step, stepTo } from "./newest";
import { openStream, type StreamState } from "./sse";
import type { Execution, TaskRun } from "./types";

export type Told = { step: Step } | { stream: StreamState; refused?: { status: number; message: string } };

const tell = (told: Told) => self.postMessage(told);

self.onmessage = ({ data: path }: MessageEvent<string>) => {
  const known = new Map<string, TaskRun>();
  openStream(path, {
    onEvent: ({ id, data }) => {
      tell({ step: stepTo(known, JSON.parse(data) as Execution) });
      return id !== "end";
    },
    onState: (stream, error) =>
      tell({ stream, ...(error && { refused: { status: error.status, message: error.message } }) }),
  });
};

/**
 * Server-sent events over fetch: unlike EventSource it tells errors, and goes on with `Last-Event-ID` after any break.
 *
 * It ends when it is closed, when `onEvent` returns false, or when the server refuses (4xx).
 */
import { type Params, urlOf } from "./client";
import { ApiError, errorOf } from "./errors";

export interface StreamEvent {
  id: string;
  event: string;
  data: string;
}

export type StreamState = "connecting" | "open" | "broken" | "ended";

export interface StreamOptions {
  params?: Params;
  /** Return false to end the stream. */
  onEvent: (event: StreamEvent) => boolean | undefined;
  onState?: (state: StreamState, error?: ApiError) => void;
  lastEventId?: string;
}

const WAIT_FIRST_MS = 500;
const WAIT_MAX_MS = 15_000;

/** Open a stream and return what closes it. */
export function openStream(path: string, options: StreamOptions): () => void {
  const control = new AbortController();
  void follow(path, options, control);
  return () => control.abort();
}

async function follow(path: string, options: StreamOptions, control: AbortController): Promise<void> {
  const { onState = () => undefined } = options;
  let lastId = options.lastEventId ?? "";
  let wait = WAIT_FIRST_MS;
  const take = (event: StreamEvent) => {
    if (event.id) lastId = event.id;
    wait = WAIT_FIRST_MS;
    if (options.onEvent(event) === false) {
      onState("ended");
      control.abort();
    }
  };
  while (!control.signal.aborted) {
    onState("connecting");
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (lastId) headers["Last-Event-ID"] = lastId;
      const response = await fetch(urlOf(path, options.params), { headers, signal: control.signal });
      if (!response.ok || response.body === null) throw await errorOf(response);
      onState("open");
      await readEvents(response.body, take);
    } catch (error) {
      if (control.signal.aborted) return;
      if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429) {
        onState("ended", error);
        return;
      }
    }
    if (control.signal.aborted) return;
    onState("broken");
    await pause(wait, control.signal);
    wait = Math.min(wait * 2, WAIT_MAX_MS);
  }
}

async function readEvents(
  body: ReadableStream<Uint8Array>,
  take: (event: StreamEvent) => void,
): Promise<void> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  const parse = parser(take);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    parse(value);
  }
}

/** Return what takes text in pieces and tells each whole event. */
export function parser(take: (event: StreamEvent) => void): (text: string) => void {
  let rest = "";
  let data: string[] = [];
  let event = "";
  let id = "";
  const line = (text: string) => {
    if (text === "") {
      if (data.length > 0) take({ id, event: event || "message", data: data.join("\n") });
      data = [];
      event = "";
      return;
    }
    const colon = text.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (name === "data") data.push(value);
    else if (name === "event") event = value;
    else if (name === "id") id = value;
  };
  return (text) => {
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const each of lines) line(each);
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

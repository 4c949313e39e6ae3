/** Time travel: a slider over the events, played, stepped through; what is below shows how it was then. */
import { ChevronFirst, ChevronLast, ChevronLeft, ChevronRight, Pause, Play, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useEvent, useLastSeq } from "~/api/events";
import type { Execution } from "~/api/types";
import { useKeys } from "~/app/keys";
import { Button, IconButton } from "~/parts/Button";
import { StateBadge } from "~/parts/StateBadge";
import { Instant } from "~/parts/Time";
import { useText } from "~/url/search";
import css from "./Events.module.css";
import { causeWords, nameOf, sayings } from "./words";

const STEP_MS = 450;
const STEPS_MAX = 120;
const WRITTEN_AFTER_MS = 160;

interface Props {
  execution: Execution;
  at: number;
  /** As it was then. */
  shown: Execution;
  /** The picture is still that of another moment. */
  isLate: boolean;
}

export function TimeBar({ execution, at, shown, isLate }: Props) {
  const last = useLastSeq(execution.id, changeOf(execution));
  const [, setText] = useText("at");
  const [plays, setPlays] = useState(false);
  const [held, setHeld] = useState(at);
  const written = useRef(at);
  // Back to now is the last word: a move that is still to be written is not.
  const left = useRef(false);
  useEffect(() => {
    if (at !== written.current) {
      written.current = at;
      setHeld(at);
    }
  }, [at]);
  const go = (seq: number) => setHeld(Math.max(1, Math.min(last ?? seq, seq)));
  useEffect(() => {
    if (last !== undefined && held > last) setHeld(last);
  }, [held, last]);
  // The slider moves freely; the address, and with it the picture, follows.
  useEffect(() => {
    if (held === written.current) return;
    const timer = setTimeout(() => {
      if (left.current) return;
      written.current = held;
      setText(String(held));
    }, WRITTEN_AFTER_MS);
    return () => clearTimeout(timer);
  }, [held, setText]);
  const stride = Math.max(1, Math.ceil((last ?? 1) / STEPS_MAX));
  useEffect(() => {
    if (!plays || last === undefined || isLate || held !== at) return;
    if (held >= last) {
      setPlays(false);
      return;
    }
    const timer = setTimeout(() => setHeld(Math.min(last, held + stride)), STEP_MS);
    return () => clearTimeout(timer);
  }, [plays, held, at, last, isLate, stride]);
  const play = () => {
    if (!plays && last !== undefined && held >= last) go(1);
    setPlays(!plays);
  };
  useKeys("Time travel", [
    { keys: "[", does: "An event back", run: () => go(held - 1) },
    { keys: "]", does: "An event on", run: () => go(held + 1) },
    { keys: "p", does: "Play, or pause", run: play },
  ]);
  const event = useEvent(execution.id, at > (last ?? at) ? null : at).data;
  const name = nameOf(execution.taskRunList);
  return (
    <section className={css.bar} aria-label="Time travel">
      <div className={css.buttons}>
        <IconButton small label="First event" onPress={() => go(1)}>
          <ChevronFirst size={15} />
        </IconButton>
        <IconButton small label="An event back ([)" onPress={() => go(held - 1)}>
          <ChevronLeft size={15} />
        </IconButton>
        <IconButton small label={plays ? "Pause (p)" : "Play (p)"} pressed={plays} onPress={play}>
          {plays ? <Pause size={14} /> : <Play size={14} />}
        </IconButton>
        <IconButton small label="An event on (])" onPress={() => go(held + 1)}>
          <ChevronRight size={15} />
        </IconButton>
        <IconButton small label="Newest event" onPress={() => last && go(last)}>
          <ChevronLast size={15} />
        </IconButton>
      </div>
      <input
        type="range"
        className={css.slider}
        aria-label="Event"
        aria-valuetext={`Event ${held} of ${last ?? "?"}`}
        min={1}
        max={last ?? Math.min(held, 1)}
        value={Math.min(held, last ?? held)}
        onChange={(change) => {
          setPlays(false);
          setHeld(Number(change.target.value));
        }}
      />
      <span className={css.place}>
        {Math.min(held, last ?? held).toLocaleString()} of {last?.toLocaleString() ?? "…"}
      </span>
      <Button
        small
        onPress={() => {
          left.current = true;
          setText(null);
        }}
      >
        <X size={13} /> Back to now
      </Button>
      <p className={css.then} data-late={isLate || undefined} aria-live="polite">
        <StateBadge state={shown.state.current} />
        {event && (
          <>
            <Instant at={event.at} />
            <b>{causeWords(event, name)}</b>
            {event.cause.by && <span>by {event.cause.by}</span>}
            {event.cause.note && <q>{event.cause.note}</q>}
            {sayings(event, name, 3).map((saying) => (
              <span key={`${saying.text} ${saying.state}`} className={css.saying}>
                {saying.text}
                {saying.state && <StateBadge state={saying.state} plain />}
              </span>
            ))}
          </>
        )}
      </p>
    </section>
  );
}

/** Changes when the execution does. */
export function changeOf(execution: Execution): string {
  const runs = execution.taskRunList ?? [];
  let moves = execution.state.histories.length;
  for (const run of runs) moves += run.state.histories.length + (run.attempts?.length ?? 0);
  return `${runs.length} ${moves} ${execution.labels?.length ?? 0}`;
}

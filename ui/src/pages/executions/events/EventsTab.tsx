/** What happened, event by event: who or what led to it, and what followed. Chosen, an event is a moment to look at. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { Link, useNavigate } from "react-router";
import { type ExecutionEvent, useEvent, useEvents, useLastSeq } from "~/api/events";
import type { Execution } from "~/api/types";
import { useKeys } from "~/app/keys";
import { JsonTree } from "~/parts/JsonTree";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { StateBadge } from "~/parts/StateBadge";
import { Instant } from "~/parts/Time";
import { useSearchHref } from "~/url/search";
import { Changes } from "./Changes";
import css from "./Events.module.css";
import { changeOf } from "./TimeBar";
import { causeWords, isPersons, type NameOf, nameOf, sayings } from "./words";

const ROW = 34;
const FACTS_SHOWN = 200;

export function EventsTab({ execution, at }: { execution: Execution; at: number | null }) {
  const last = useLastSeq(execution.id, changeOf(execution));
  if (last === undefined) return <Loading what="the events" />;
  return <Listed execution={execution} at={at} last={last} />;
}

function Listed({ execution, at, last }: { execution: Execution; at: number | null; last: number }) {
  const hrefOf = useSearchHref();
  const navigate = useNavigate();
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: last,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 10,
  });
  const items = virtual.getVirtualItems();
  const events = useEvents(execution.id, last, items[0]?.index ?? 0, items.at(-1)?.index ?? 0);
  const name = nameOf(execution.taskRunList);
  const move = (to: number) => {
    const seq = Math.max(1, Math.min(last, to));
    virtual.scrollToIndex(seq - 1);
    void navigate(hrefOf({ at: seq }), { replace: true });
  };
  useKeys("Events", [
    { keys: "j", does: "Next event", run: () => move(at === null ? 1 : at + 1) },
    { keys: "k", does: "Event before", run: () => move(at === null ? last : at - 1) },
  ]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the moment moved, not the list
  useEffect(() => {
    if (at !== null && at <= last) virtual.scrollToIndex(at - 1);
  }, [at]);
  if (events.error !== null && events.bySeq.size === 0) return <ErrorBox error={events.error} />;
  return (
    <div className={css.split}>
      <div
        ref={box}
        className={css.list}
        tabIndex={0}
        role="list"
        aria-label={`${last.toLocaleString()} events`}
      >
        <div className={css.all} style={{ height: virtual.getTotalSize() }} role="presentation">
          {items.map((item) => {
            const seq = item.index + 1;
            const event = events.bySeq.get(seq);
            return (
              <div
                key={seq}
                role="listitem"
                className={css.event}
                data-chosen={seq === at || undefined}
                data-persons={(event && isPersons(event)) || undefined}
                style={{ transform: `translateY(${item.start}px)`, height: ROW }}
              >
                <span className={css.seq}>{seq}</span>
                {event === undefined ? (
                  <span className={css.wait} />
                ) : (
                  <Line event={event} name={name} to={hrefOf({ at: seq })} />
                )}
              </div>
            );
          })}
        </div>
      </div>
      <div className={css.side} tabIndex={0} role="region" aria-label="The chosen event">
        {at === null || at > last ? (
          <Empty title="Choose an event">
            It shows what it did, and the gantt and the graph as they were right after it.
          </Empty>
        ) : (
          <Chosen key={at} execution={execution} seq={at} name={name} />
        )}
      </div>
    </div>
  );
}

function Line({ event, name, to }: { event: ExecutionEvent; name: NameOf; to: { search: string } }) {
  return (
    <>
      <Instant at={event.at} clock />
      <Link to={to} className={css.cause} tabIndex={-1}>
        {causeWords(event, name)}
        {event.cause.by && isPersons(event) && <span className={css.by}> by {event.cause.by}</span>}
        {event.cause.note && <q className={css.by}>{event.cause.note}</q>}
      </Link>
      <span className={css.sayings}>
        {sayings(event, name, 3).map((saying) => (
          <span key={`${saying.text} ${saying.state}`} className={css.saying}>
            {saying.text}
            {saying.state && <StateBadge state={saying.state} plain />}
          </span>
        ))}
      </span>
    </>
  );
}

function Chosen({ execution, seq, name }: { execution: Execution; seq: number; name: NameOf }) {
  const found = useEvent(execution.id, seq);
  const event = found.data;
  if (found.isError) return <ErrorBox error={found.error} retry={() => void found.refetch()} />;
  if (!event || event.seq !== seq) return <Loading lines={5} what="the event" />;
  const { cause, facts } = event;
  return (
    <>
      <h2>
        Event {event.seq}: {causeWords(event, name)}
      </h2>
      <dl className={css.about}>
        <dt>When</dt>
        <dd>
          <Instant at={event.at} />
        </dd>
        {cause.by && (
          <>
            <dt>Who</dt>
            <dd>{cause.by}</dd>
          </>
        )}
        {cause.note && (
          <>
            <dt>Note</dt>
            <dd>{cause.note}</dd>
          </>
        )}
      </dl>
      <Changes execution={execution} to={seq} />
      <h3>Facts</h3>
      <JsonTree label="Facts" value={listOf(facts.slice(0, FACTS_SHOWN))} open={facts.length > FEW ? 1 : 2} />
      {facts.length > FACTS_SHOWN && <p>and {(facts.length - FACTS_SHOWN).toLocaleString()} more</p>}
    </>
  );
}

const FEW = 2;

/** Each fact by its number and kind: the folded tree can be read. */
const listOf = (facts: ExecutionEvent["facts"]) =>
  Object.fromEntries(facts.map(({ type, ...rest }, at) => [`${at + 1} ${type}`, rest]));

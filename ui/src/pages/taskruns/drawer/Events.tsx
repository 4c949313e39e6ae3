/** What happened to it, event by event, and what each came from: the log itself, not a story about it. */
import { useTaskRunEvents } from "~/api/taskruns";
import type { ExecutionEvent } from "~/api/types";
import { Button } from "~/parts/Button";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { StateBadge } from "~/parts/StateBadge";
import { Instant } from "~/parts/Time";
import type { Detailed } from "../TaskRunDrawer";
import css from "./TaskRunDrawer.module.css";

const EVERY_MS = 4_000;

export function Events({ run, live }: { run: Detailed; live: boolean }) {
  const found = useTaskRunEvents(run, live ? EVERY_MS : false);
  if (found.isPending) return <Loading what="the events" />;
  if (found.isError) return <ErrorBox error={found.error} retry={() => void found.refetch()} />;
  const events = found.data.pages.flatMap((page) => page.results).filter((event) => isAbout(event, run.id));
  return (
    <div className={css.part}>
      <ol className={css.events}>
        {events.map((event) => (
          <Event key={event.seq} event={event} id={run.id} />
        ))}
      </ol>
      {events.length === 0 && !found.hasNextPage && <Empty title="No events" />}
      {found.hasNextPage && (
        <Button onPress={() => void found.fetchNextPage()} isDisabled={found.isFetchingNextPage}>
          More events
        </Button>
      )}
    </div>
  );
}

const isAbout = (event: ExecutionEvent, id: string) =>
  event.cause.taskRunId === id || event.facts.some((fact) => fact.id === id);

function Event({ event, id }: { event: ExecutionEvent; id: string }) {
  const { seq, at, cause, facts } = event;
  const own = facts.filter((fact) => fact.id === id);
  const others = facts.length - own.length;
  return (
    <li>
      <p className={css.eventHead}>
        <b>#{seq}</b> <Instant at={at} />
        <span className={css.cause}>
          {words(cause.type ?? "unknown cause")}
          {cause.by && ` by ${cause.by}`}
        </span>
      </p>
      {cause.note && <p className={css.note}>“{cause.note}”</p>}
      <ul>
        {own.map((fact, place) => (
          <li key={place}>
            <span>{words(fact.type)}</span>
            {typeof fact.state === "string" && <StateBadge state={fact.state} plain />}
            {typeof fact.token === "number" && <span className={css.cause}>token {fact.token}</span>}
            {typeof fact.error === "string" && <span className={css.eventError}>{fact.error}</span>}
          </li>
        ))}
        {others > 0 && <li className={css.cause}>and {others} more about others</li>}
      </ul>
    </li>
  );
}

/** `TaskRunMoved`: task run moved. */
const words = (name: string) =>
  name.replace(/(?!^)([A-Z])/g, " $1").replace(/^./, (first) => first.toUpperCase());

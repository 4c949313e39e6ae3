import { ChevronRight } from "lucide-react";
import { memo } from "react";
import type { State } from "~/api/types";
import { StateBadge } from "~/parts/StateBadge";
import { lookOf } from "~/parts/states";
import { durationText } from "~/time/duration";
import css from "./Gantt.module.css";
import type { Bar, Row } from "./rows";

interface Props {
  row: Row;
  index: number;
  top: number;
  height: number;
  from: number;
  to: number;
  /** Where what goes on ends: now, or the moment that is looked at. */
  until: number;
  isCursor: boolean;
  isOpen: boolean;
  isMarked: boolean;
  /** Where a task run opens, with `RUN` for its id. Plain links: thousands of them pass by. */
  href: string;
  onToggle: (id: string) => void;
}

/** Stands for the id of a task run in an address. */
export const RUN = "RUN-ID";

/** One row: what it is, its state, its bars, how long it took. The whole row is a link. */
export const GanttRow = memo(function GanttRow(props: Props) {
  const { row, index, top, height, until, isCursor, isOpen, isMarked, onToggle } = props;
  const href = props.href.replace(RUN, row.run.id);
  const end = row.to ?? until;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-level={row.depth + 1}
      aria-expanded={row.hasChildren ? row.isOpen : undefined}
      className={css.row}
      data-cursor={isCursor || undefined}
      data-open={isOpen || undefined}
      data-marked={isMarked || undefined}
      style={{ top, height }}
    >
      <div role="gridcell" className={css.name} style={{ paddingLeft: 6 + row.depth * 14 }}>
        {row.hasChildren ? (
          <button
            type="button"
            tabIndex={-1}
            className={css.fold}
            aria-label={`${row.isOpen ? "Fold" : "Unfold"} ${row.title}`}
            onClick={() => onToggle(row.id)}
          >
            <ChevronRight size={13} aria-hidden data-open={row.isOpen || undefined} />
          </button>
        ) : (
          <span className={css.nofold} />
        )}
        {row.kind === "iteration" ? (
          <button type="button" tabIndex={-1} className={css.iteration} onClick={() => onToggle(row.id)}>
            <span className={css.value}>{row.title}</span>
          </button>
        ) : (
          <a href={href} data-run={row.id} tabIndex={-1} className={css.link}>
            {row.title}
            {row.value !== undefined && <span className={css.value}>{row.value}</span>}
          </a>
        )}
        {row.attempts > 1 && (
          <span className={css.attempts} title={`${row.attempts} attempts`}>
            ×{row.attempts}
          </span>
        )}
        {row.counts && <Counts counts={row.counts} />}
      </div>
      <div role="gridcell" className={css.state}>
        <StateBadge state={row.state} plain />
      </div>
      <div role="gridcell" className={css.plot}>
        {row.bars.map((bar, place) => (
          <BarOf key={place} {...props} bar={bar} link={row.kind === "taskrun" ? href : null} />
        ))}
      </div>
      <div role="gridcell" className={css.lasted} data-live={row.to === null || undefined}>
        {durationText(end - row.from)}
      </div>
    </div>
  );
});

/** Parts of the axis that a number needs. */
const LABEL_FROM = 0.015;

function BarOf({ bar, link, row, from, to, until }: Props & { bar: Bar; link: string | null }) {
  const end = bar.to ?? until;
  if (end < from || bar.from > to) return null;
  const left = Math.max(0, (bar.from - from) / (to - from));
  const right = Math.min(1, (end - from) / (to - from));
  const words = sayingOf(bar, end);
  const look = {
    className: css.piece,
    title: words,
    "aria-label": words,
    "data-kind": bar.kind,
    "data-flowable":
      (row.kind === "iteration" || bar.attempt === undefined) && bar.kind === "runs" ? "" : undefined,
    "data-live": bar.to === null || undefined,
    "data-hue": lookOf(bar.state).hue,
    style: { left: `${left * 100}%`, width: `${Math.max(0, right - left) * 100}%` },
  };
  const label = bar.attempt !== undefined && row.attempts > 1 && right - left > LABEL_FROM && (
    <span aria-hidden>{bar.attempt}</span>
  );
  if (link === null) return <span role="img" {...look} />;
  return (
    <a href={link} data-run={row.id} tabIndex={-1} {...look}>
      {label}
    </a>
  );
}

function sayingOf(bar: Bar, end: number): string {
  const time = durationText(end - bar.from);
  if (bar.kind === "waits") return `Waited ${time}${bar.state === "CREATED" ? "" : ` (${bar.state})`}`;
  if (bar.kind === "retries") return `Waited ${time} for the next attempt`;
  if (bar.kind === "paused") return `Paused for ${time}`;
  return `${bar.attempt === undefined ? "" : `Attempt ${bar.attempt}: `}${bar.state}, ${time}`;
}

function Counts({ counts }: { counts: ReadonlyMap<State, number> }) {
  return (
    <span className={css.counts}>
      {[...counts].map(([state, count]) => {
        const { hue, icon: Icon } = lookOf(state);
        return (
          <span key={state} data-hue={hue} title={`${count.toLocaleString()} ${state}`}>
            <Icon size={11} strokeWidth={2.5} aria-hidden />
            {count.toLocaleString()}
            <span className="visually-hidden"> {state}</span>
          </span>
        );
      })}
    </span>
  );
}

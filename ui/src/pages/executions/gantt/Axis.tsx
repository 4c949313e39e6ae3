/** The axis above the bars, and the lines behind them. Times are since the start. */
import { useRef, useState } from "react";
import { useStore } from "~/app/store";
import { clockText, zone } from "~/time/zone";
import css from "./Gantt.module.css";
import { ticksOf } from "./rows";

const DRAG_PX = 4;
const ROOM_UNTIL = 0.94;

interface Span {
  from: number;
  to: number;
  start: number;
  /** How many ticks there is room for. */
  most: number;
}

const percent = (at: number, { from, to }: Pick<Span, "from" | "to">): string =>
  `${((at - from) / (to - from)) * 100}%`;

/** `0`, `20 ms`, `1.5 s`, `2:30`, `1:05:00`, `3 d`: as fine as the steps are. */
export function sinceText(ms: number, step: number): string {
  if (ms === 0) return "0";
  if (step < 1_000 && ms < 1_000) return `${ms} ms`;
  if (ms < 60_000)
    return `${(ms / 1_000).toFixed(step >= 1_000 ? 0 : step >= 100 ? 1 : step >= 10 ? 2 : 3)} s`;
  if (step >= 86_400_000) return `${Math.round(ms / 86_400_000)} d`;
  const s = ms / 1_000;
  const pad = (value: number) => String(value).padStart(2, "0");
  const seconds =
    step < 1_000
      ? (s % 60).toFixed(step >= 100 ? 1 : 3).padStart(step >= 100 ? 4 : 6, "0")
      : pad(Math.floor(s % 60));
  const minutes = Math.floor(s / 60) % 60;
  const hours = Math.floor(s / 3_600);
  return hours > 0 ? `${hours}:${pad(minutes)}:${seconds}` : `${minutes}:${seconds}`;
}

export function Axis({
  onWindow,
  onFit,
  ...span
}: Span & { onWindow: (from: number, to: number) => void; onFit: () => void }) {
  const of = useStore(zone);
  const box = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<[number, number] | null>(null);
  const { step, ticks } = ticksOf(span.from - span.start, span.to - span.start, span.most);
  const placeOf = (event: React.PointerEvent) => {
    const area = box.current!.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - area.left) / area.width));
  };
  const end = (event: React.PointerEvent) => {
    if (drag === null) return;
    const [one, other] = [Math.min(...drag), Math.max(...drag)];
    const width = span.to - span.from;
    setDrag(null);
    if ((other - one) * box.current!.clientWidth < DRAG_PX) return;
    event.preventDefault();
    onWindow(span.from + one * width, span.from + other * width);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the zoom has buttons and keys; this is a short cut for mice
    <div
      ref={box}
      className={css.axis}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag([placeOf(event), placeOf(event)]);
      }}
      onPointerMove={(event) => drag !== null && setDrag([drag[0], placeOf(event)])}
      onPointerUp={end}
      onPointerCancel={() => setDrag(null)}
      onDoubleClick={onFit}
    >
      {ticks.map((tick) => (
        <span
          key={tick}
          className={css.tick}
          style={{ left: percent(span.start + tick, span) }}
          title={clockText(new Date(span.start + tick), of)}
        >
          {/* At the very end there is no room for words. */}
          {(span.start + tick - span.from) / (span.to - span.from) < ROOM_UNTIL && sinceText(tick, step)}
        </span>
      ))}
      {drag !== null && (
        <span
          className={css.brush}
          style={{ left: `${Math.min(...drag) * 100}%`, width: `${Math.abs(drag[1] - drag[0]) * 100}%` }}
        />
      )}
    </div>
  );
}

/** The lines of the axis behind all rows; and the moment that is looked at. */
export function Grid({ now, ...span }: Span & { now: number | null }) {
  const { ticks } = ticksOf(span.from - span.start, span.to - span.start, span.most);
  return (
    <div className={css.grid} aria-hidden>
      {ticks.map((tick) => (
        <i key={tick} style={{ left: percent(span.start + tick, span) }} />
      ))}
      {now !== null && now >= span.from && now <= span.to && (
        <b className={css.now} style={{ left: percent(now, span) }} />
      )}
    </div>
  );
}

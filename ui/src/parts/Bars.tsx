/** Counts over time as stacked bars in parts of one's own: log levels, for one. A bar is a button that narrows the time. */
import { useStore } from "~/app/store";
import { instantText, tickText, zone } from "~/time/zone";
import css from "./Bars.module.css";
import type { Hue } from "./states";

export interface Part {
  id: string;
  title: string;
  hue: Hue;
  /** Paler: of less weight than another of its hue. */
  faint?: boolean;
}

interface Props {
  label: string;
  /** From the bottom up. */
  parts: readonly Part[];
  buckets: readonly { start: string; counts: Readonly<Partial<Record<string, number>>> }[];
  intervalMs: number;
  onRange?: (startDate: string, endDate: string) => void;
  onPart?: (id: string) => void;
  height?: number;
}

const TICKS = 6;

export function Bars({ label, parts, buckets, intervalMs, onRange, onPart, height = 84 }: Props) {
  const of = useStore(zone);
  const totals = parts.map((part) => ({
    ...part,
    count: buckets.reduce((sum, bucket) => sum + (bucket.counts[part.id] ?? 0), 0),
  }));
  const sums = buckets.map((bucket) => parts.reduce((sum, part) => sum + (bucket.counts[part.id] ?? 0), 0));
  const top = Math.max(1, ...sums);
  const every = Math.max(1, Math.ceil(buckets.length / TICKS));
  const spoken = totals.filter((each) => each.count > 0).map((each) => `${each.count} ${each.title}`);
  return (
    <figure className={css.chart} aria-label={`${label}: ${spoken.join(", ") || "nothing"}`}>
      <div className={css.bars} style={{ height }}>
        {buckets.map((bucket, at) => {
          const told = parts
            .filter((part) => bucket.counts[part.id])
            .map((part) => `${bucket.counts[part.id]} ${part.title}`);
          const title = `${instantText(new Date(bucket.start), of).slice(0, -4)}\n${told.join("\n") || "nothing"}`;
          const content = parts.map((part) => {
            const count = bucket.counts[part.id] ?? 0;
            return count === 0 ? null : (
              <i
                key={part.id}
                data-hue={part.hue}
                data-faint={part.faint || undefined}
                style={{ height: Math.max(1.5, (count / top) * (height - 6)) }}
              />
            );
          });
          return (
            <span key={bucket.start} className={css.slot}>
              <button
                type="button"
                tabIndex={-1}
                className={css.bar}
                title={title}
                aria-label={title}
                disabled={onRange === undefined || sums[at] === 0}
                onClick={() => {
                  const start = Date.parse(bucket.start);
                  onRange?.(new Date(start).toISOString(), new Date(start + intervalMs).toISOString());
                }}
              >
                {content}
              </button>
              {at % every === 0 && (
                <small aria-hidden>{tickText(new Date(bucket.start), of, intervalMs * every)}</small>
              )}
            </span>
          );
        })}
      </div>
      <figcaption className={css.legend}>
        {totals
          .toReversed()
          .filter((each) => each.count > 0)
          .map((each) => (
            <button type="button" key={each.id} onClick={() => onPart?.(each.id)} disabled={!onPart}>
              <i data-hue={each.hue} data-faint={each.faint || undefined} aria-hidden /> {each.title}{" "}
              <b>{each.count.toLocaleString()}</b>
            </button>
          ))}
      </figcaption>
    </figure>
  );
}

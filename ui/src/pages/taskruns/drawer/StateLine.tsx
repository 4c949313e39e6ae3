import { hasEnded, type StateHistory } from "~/api/types";
import { lookOf } from "~/parts/states";
import { durationText } from "~/time/duration";
import { useNow } from "~/time/now";
import css from "./StateLine.module.css";

/** No state is so short that it cannot be seen. */
const LEAST = 1.5;

/** The states one after the other, as long as they lasted. */
export function StateLine({ histories }: { histories: StateHistory["histories"] }) {
  const last = histories.at(-1);
  const live = last !== undefined && !hasEnded(last.state);
  const now = useNow(live ? 500 : 3_600_000);
  const parts = histories.flatMap((entry, at) => {
    const next = histories[at + 1]?.date;
    if (next === undefined && !live) return [];
    const ms = (next === undefined ? now : Date.parse(next)) - Date.parse(entry.date);
    return [{ state: entry.state, ms: Math.max(0, ms) }];
  });
  const total = Math.max(
    1,
    parts.reduce((sum, part) => sum + part.ms, 0),
  );
  const end = last && !live ? last : undefined;
  return (
    <div
      className={css.line}
      role="img"
      aria-label={parts.map((part) => `${part.state} ${durationText(part.ms)}`).join(", ")}
    >
      {parts.map((part, at) => (
        <span
          key={at}
          className={css[lookOf(part.state).hue]}
          style={{ flexGrow: Math.max(LEAST, (100 * part.ms) / total) }}
          title={`${part.state} for ${durationText(part.ms)}`}
        />
      ))}
      {end && <span className={`${css.end} ${css[lookOf(end.state).hue]}`} title={end.state} />}
    </div>
  );
}

import { useStore } from "~/app/store";
import { durationText, roughly } from "~/time/duration";
import { useNow } from "~/time/now";
import { clockText, instantText, zone } from "~/time/zone";
import css from "./Time.module.css";

/** An instant, in the zone that was chosen, with milliseconds; its title is the whole ISO text. */
export function Instant({ at, clock = false }: { at: string | null | undefined; clock?: boolean }) {
  const of = useStore(zone);
  if (!at) return <span className={css.none}>–</span>;
  const date = new Date(at);
  return (
    <time dateTime={at} title={at} className={css.time}>
      <Fraction text={clock ? clockText(date, of) : instantText(date, of)} />
    </time>
  );
}

/** Seconds are what one reads; milliseconds are there when they matter. */
function Fraction({ text }: { text: string }) {
  const point = text.length - 4;
  return (
    <>
      {text.slice(0, point)}
      <span className={css.ms}>{text.slice(point)}</span>
    </>
  );
}

/** How long: given in ms, or from one instant to another; without `to` it runs on. */
export function Duration({ ms, from, to }: { ms?: number | null; from?: string | null; to?: string | null }) {
  if (ms !== undefined && ms !== null) return <span className={css.time}>{durationText(ms)}</span>;
  if (!from) return <span className={css.none}>–</span>;
  if (to) return <span className={css.time}>{durationText(Date.parse(to) - Date.parse(from))}</span>;
  return <Running from={from} />;
}

function Running({ from }: { from: string }) {
  const now = useNow(100);
  return <span className={`${css.time} ${css.live}`}>{durationText(now - Date.parse(from))}</span>;
}

/** `3 min ago`, going on. */
export function Ago({ at }: { at: string | number }) {
  const now = useNow(1_000);
  return <span className={css.time}>{roughly(now - new Date(at).getTime())} ago</span>;
}

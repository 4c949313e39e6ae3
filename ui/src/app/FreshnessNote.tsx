import { roughly } from "~/time/duration";
import { useNow } from "~/time/now";
import css from "./FreshnessNote.module.css";
import { freshness } from "./freshness";
import { useStore } from "./store";

const STALE_MS = 30_000;

/** How old what is shown is: since the answer came, and how far the index was behind then. */
export function FreshnessNote() {
  const fresh = useStore(freshness);
  const now = useNow(500);
  if (fresh === null) return null;
  const age = Math.max(0, now - fresh.receivedAt) + (fresh.behindMs ?? 0);
  const title =
    fresh.behindMs === null
      ? "Since the newest answer of the server"
      : `The index was ${fresh.behindMs} ms behind`;
  return (
    <span className={css.note} data-stale={age > STALE_MS || undefined} title={title}>
      <i className={css.dot} aria-hidden /> as of {roughly(age)} ago
    </span>
  );
}

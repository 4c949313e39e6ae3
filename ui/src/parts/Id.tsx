import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { IconButton } from "./Button";
import css from "./Id.module.css";
import { PlainLink } from "./PlainLink";

const SHORT = 8;

/** An id: its first letters, the whole in the title, as a link where there is somewhere to go. */
export function Id({
  id,
  to,
  whole = false,
  copy = false,
}: {
  id: string;
  to?: string;
  whole?: boolean;
  copy?: boolean;
}) {
  const text = whole || id.length <= SHORT + 2 ? id : id.slice(0, SHORT);
  const shown = to ? (
    <PlainLink to={to} className={css.id} title={id}>
      {text}
    </PlainLink>
  ) : (
    <span className={css.id} title={id}>
      {text}
    </span>
  );
  return copy ? (
    <span className={css.pair}>
      {shown}
      <CopyButton text={id} what="id" />
    </span>
  ) : (
    shown
  );
}

/** Copies a text; says for a moment that it did. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 1_500);
  };
  return (
    <IconButton label={done ? "Copied" : `Copy ${what}`} onPress={() => void copy()} small>
      {done ? <Check size={13} /> : <Copy size={13} />}
    </IconButton>
  );
}

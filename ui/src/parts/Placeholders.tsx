import { CircleAlert, Inbox, RefreshCw, Unplug } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { ApiError, messageOf } from "~/api/errors";
import { Button } from "./Button";
import css from "./Placeholders.module.css";

/** Nothing here: why, and what to do about it. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className={css.box}>
      <Inbox size={26} strokeWidth={1.5} aria-hidden />
      <p className={css.title}>{title}</p>
      {children && <div className={css.text}>{children}</div>}
      {action}
    </div>
  );
}

const SLOW_MS = 3_000;

/** Waiting: grey lines at once, and words when it takes long. `lines`: how many. */
export function Loading({ lines = 8, what = "this" }: { lines?: number; what?: string }) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={css.loading} role="status" aria-label={`Loading ${what}`}>
      {slow && <p className={css.slow}>Still loading {what}. The server takes longer than usual.</p>}
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} className={css.line} />
      ))}
    </div>
  );
}

/** What went wrong, in the server's words, and a way to try again. */
export function ErrorBox({ error, retry }: { error: unknown; retry?: () => void }) {
  const away = error instanceof ApiError && error.isPassing;
  const Icon = away ? Unplug : CircleAlert;
  return (
    <div className={`${css.box} ${css.error}`} role="alert">
      <Icon size={26} strokeWidth={1.5} aria-hidden />
      <p className={css.title}>{away ? "The server cannot answer now" : "That did not work"}</p>
      <p className={css.text}>{messageOf(error)}</p>
      {retry && (
        <Button onPress={retry}>
          <RefreshCw size={14} /> Try again
        </Button>
      )}
    </div>
  );
}

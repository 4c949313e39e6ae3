import { type ReactNode, useEffect } from "react";
import css from "./Page.module.css";

interface PageProps {
  title: string;
  /** Beside the title. */
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** Beside everything: the drawer. */
  aside?: ReactNode;
}

/** The frame of a page: title, actions, content that fills the height, a drawer beside it. */
export function Page({ title, note, actions, children, aside }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Runfold`;
  }, [title]);
  return (
    <div className={css.page}>
      <div className={css.main}>
        <header className={css.head}>
          <h1>{title}</h1>
          {note && <div className={css.note}>{note}</div>}
          {actions && <div className={css.actions}>{actions}</div>}
        </header>
        {children}
      </div>
      {aside}
    </div>
  );
}

/** A surface with a border; `fill` takes the height that is left. */
export function Card({
  children,
  fill = false,
  label,
}: {
  children: ReactNode;
  fill?: boolean;
  label?: string;
}) {
  return (
    <section className={`${css.card} ${fill ? css.fill : ""}`} aria-label={label}>
      {children}
    </section>
  );
}

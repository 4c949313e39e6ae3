/** JSON as a tree that opens where one looks; long lists come in pieces, long texts can be opened. */
import { Braces, Check, ChevronRight } from "lucide-react";
import { useState } from "react";
import { IconButton } from "./Button";
import { CopyButton } from "./Id";
import css from "./JsonTree.module.css";

interface Props {
  value: unknown;
  /** How many levels are open at first. */
  open?: number;
  label: string;
  /** Where the value is found in expressions, `outputs.task`: then the way to each part can be copied. */
  expression?: string;
}

const PIECE = 100;
const TEXT_SHOWN = 400;

export function JsonTree({ value, open = 2, label, expression }: Props) {
  return (
    <ul className={css.tree} aria-label={label}>
      {isMap(value) ? (
        <Entries value={value} path="" open={open} expression={expression} />
      ) : (
        <Node name={null} value={value} path="" open={open} expression={expression} />
      )}
    </ul>
  );
}

const isMap = (value: unknown): value is Record<string, unknown> | unknown[] =>
  typeof value === "object" && value !== null;

/** `outputs.task`, `outputs['my-task']`, `outputs.task[0]`: one step further into a value. */
export function step(expression: string, name: string | number): string {
  if (typeof name === "number") return `${expression}[${name}]`;
  return /^[A-Za-z_]\w*$/.test(name)
    ? `${expression}.${name}`
    : `${expression}['${name.replace(/\\/g, "\\\\").replace(/'/g, "\\'")}']`;
}

function Entries({
  value,
  path,
  open,
  expression,
}: {
  value: Record<string, unknown> | unknown[];
  path: string;
  open: number;
  expression?: string;
}) {
  const [shown, setShown] = useState(PIECE);
  const entries = Object.entries(value);
  const list = Array.isArray(value);
  return (
    <>
      {entries.slice(0, shown).map(([name, each]) => (
        <Node
          key={name}
          name={name}
          value={each}
          path={list ? `${path}[${name}]` : path ? `${path}.${name}` : name}
          open={open}
          expression={expression === undefined ? undefined : step(expression, list ? Number(name) : name)}
        />
      ))}
      {entries.length > shown && (
        <li>
          <button type="button" className={css.more} onClick={() => setShown(shown + PIECE * 10)}>
            {(entries.length - shown).toLocaleString()} more
          </button>
        </li>
      )}
    </>
  );
}

function Node({
  name,
  value,
  path,
  open,
  expression,
}: {
  name: string | null;
  value: unknown;
  path: string;
  open: number;
  expression?: string;
}) {
  const [isOpen, setOpen] = useState(open > 0);
  if (!isMap(value)) {
    return (
      <li className={css.leaf}>
        {name !== null && <span className={css.name}>{name}</span>}
        <Value value={value} />
        {name !== null && (
          <span className={css.copy}>
            <CopyButton text={typeof value === "string" ? value : JSON.stringify(value)} what={path} />
            {expression !== undefined && <CopyExpression expression={expression} />}
          </span>
        )}
      </li>
    );
  }
  const count = Object.keys(value).length;
  return (
    <li>
      <button
        type="button"
        className={css.fold}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        title={path}
      >
        <ChevronRight size={13} aria-hidden />
        <span className={css.name}>{name}</span>
        <span className={css.size}>{Array.isArray(value) ? `[${count}]` : `{${count}}`}</span>
      </button>
      {expression !== undefined && (
        <span className={css.copy}>
          <CopyExpression expression={expression} />
        </span>
      )}
      {isOpen && count > 0 && (
        <ul className={css.inner}>
          <Entries value={value} path={path} open={open - 1} expression={expression} />
        </ul>
      )}
    </li>
  );
}

/** The way to a value, as a template takes it. */
function CopyExpression({ expression }: { expression: string }) {
  const text = `{{ ${expression} }}`;
  const [done, setDone] = useState(false);
  return (
    <IconButton
      small
      label={done ? "Copied" : `Copy ${text}`}
      onPress={() => {
        void navigator.clipboard.writeText(text).then(() => setDone(true));
        setTimeout(() => setDone(false), 1_500);
      }}
    >
      {done ? <Check size={13} /> : <Braces size={13} />}
    </IconButton>
  );
}

function Value({ value }: { value: unknown }) {
  const [whole, setWhole] = useState(false);
  if (typeof value !== "string")
    return <span className={css[value === null ? "nothing" : typeof value]}>{String(value)}</span>;
  if (value.length <= TEXT_SHOWN || whole) return <span className={css.string}>{value}</span>;
  return (
    <span className={css.string}>
      {value.slice(0, TEXT_SHOWN)}…{" "}
      <button type="button" className={css.more} onClick={() => setWhole(true)}>
        all {value.length.toLocaleString()} characters
      </button>
    </span>
  );
}

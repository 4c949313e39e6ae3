/**
 * The query, as chips and as text. A chip is one term: a click edits it, its × takes it out. What is typed is
 * completed from the server's fields and values; Enter adds it. Words with `OR` or brackets stay one text.
 * Without the server's help it is a plain field.
 */
import { Braces, Search, X } from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { useFieldValues, useQueryCheck, useQueryFields } from "~/api/queries";
import type { Kind } from "~/api/types";
import { useKeys } from "~/app/keys";
import { kept, useStore } from "~/app/store";
import { IconButton } from "./Button";
import css from "./QueryBar.module.css";
import { isPlain, partsOf, type Suggestion, suggestionsFor, termsOf } from "./query";

interface Props {
  kind: Kind;
  /** The query as in the address. */
  value: string;
  onChange: (query: string) => void;
  placeholder?: string;
  /** What else narrows the list; values are offered from there. */
  params?: Record<string, string | undefined>;
}

const mode = kept<"chips" | "text">("query-mode", ["chips", "text"], "chips");
const CHECK_AFTER_MS = 700;
/** Fields of these types have values that can be counted, and offered. */
const COUNTED: ReadonlySet<string> = new Set(["name", "path", "choice"]);

export function QueryBar({ kind, value, onChange, placeholder, params }: Props) {
  const shownAs = useStore(mode);
  const terms = useMemo(() => termsOf(value), [value]);
  const asText = shownAs === "text" || !isPlain(terms);
  const [draft, setDraft] = useState(asText ? value : "");
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => setDraft(asText ? value : ""), [value, asText]);
  useKeys("Search", [{ keys: "/", does: "Go to the search field", run: () => input.current?.focus() }]);

  const whole = asText ? draft : [...terms, draft].join(" ").trim();
  const check = useQueryCheck(kind, useLater(whole, CHECK_AFTER_MS));
  // Whoever has just written `state:` is not done, and not wrong yet.
  const unfinished = /[:,]$/.test(draft.trimEnd());
  const error = check?.ok === false && !unfinished ? check.error : undefined;

  const editTerm = (index: number) => {
    onChange(terms.filter((_, at) => at !== index).join(" "));
    // The field takes the term when the address has lost it.
    setTimeout(() => {
      setDraft(terms[index]!);
      input.current?.focus();
    });
  };
  const submit = () => {
    onChange(whole);
    if (!asText) setDraft("");
  };
  const backspace = () => {
    if (!asText && draft === "" && terms.length > 0) editTerm(terms.length - 1);
  };

  return (
    <div className={css.outer}>
      <div className={css.bar} data-wrong={error !== undefined || undefined}>
        <Search size={15} className={css.glass} aria-hidden />
        {!asText && terms.length > 0 && (
          <ul className={css.chips} aria-label="Terms of the query">
            {terms.map((term, index) => (
              <li key={`${term}-${index}`}>
                <Chip
                  term={term}
                  onEdit={() => editTerm(index)}
                  onRemove={() => onChange(terms.filter((_, at) => at !== index).join(" "))}
                />
              </li>
            ))}
          </ul>
        )}
        <Field
          kind={kind}
          params={params}
          draft={draft}
          onDraft={setDraft}
          onSubmit={submit}
          onBackspace={backspace}
          input={input}
          placeholder={terms.length > 0 && !asText ? "Add a term" : placeholder}
          wrong={error !== undefined}
        />
        <IconButton
          small
          label={asText ? "Show the query as chips" : "Edit the query as text"}
          pressed={shownAs === "text"}
          onPress={() => mode.set(shownAs === "text" ? "chips" : "text")}
        >
          <Braces size={14} />
        </IconButton>
        {(value !== "" || draft !== "") && (
          <IconButton
            small
            label="Clear the query"
            onPress={() => {
              setDraft("");
              onChange("");
            }}
          >
            <X size={14} />
          </IconButton>
        )}
      </div>
      {error && (
        <p className={css.error} role="alert">
          {error.column !== undefined && `Column ${error.column}: `}
          {error.message}
        </p>
      )}
    </div>
  );
}

function Chip({ term, onEdit, onRemove }: { term: string; onEdit: () => void; onRemove: () => void }) {
  const { negated, field, value } = partsOf(term);
  return (
    <span className={css.chip} data-negated={negated || undefined}>
      <button type="button" className={css.chipText} onClick={onEdit} title="Edit this term">
        {negated && <b>not </b>}
        {field && <span className={css.field}>{field}:</span>}
        {value}
      </button>
      <button type="button" className={css.chipX} onClick={onRemove} aria-label={`Take out ${term}`}>
        <X size={12} />
      </button>
    </span>
  );
}

interface FieldProps extends Pick<Props, "kind" | "params" | "placeholder"> {
  draft: string;
  onDraft: (text: string) => void;
  onSubmit: () => void;
  onBackspace: () => void;
  input: React.RefObject<HTMLInputElement | null>;
  wrong: boolean;
}

/** The input with its list of suggestions. */
function Field({
  kind,
  params,
  draft,
  onDraft,
  onSubmit,
  onBackspace,
  input,
  placeholder,
  wrong,
}: FieldProps) {
  const listId = useId();
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [caret, setCaret] = useState(0);
  const before = draft.slice(0, caret);
  const term = /(?:^|\s)(\S*)$/.exec(before)?.[1] ?? "";
  const fields = useQueryFields(kind);
  const named = partsOf(term).field;
  const known = fields.find(
    (each) => each.name === named || (named !== null && each.aliases?.includes(named)),
  );
  const counted = known && COUNTED.has(known.type) ? (known.sort ?? known.name) : null;
  const values = useFieldValues(kind, open ? counted : null, params);
  const list = useMemo(
    () => (open ? suggestionsFor(term, fields, values) : []),
    [open, term, fields, values],
  );

  const take = (chosen: Suggestion) => {
    const start = caret - term.length;
    const text = `${draft.slice(0, start)}${chosen.text}${chosen.goesOn ? "" : " "}`;
    onDraft(text + draft.slice(caret).trimStart());
    setActive(-1);
    setCaret(text.length);
    requestAnimationFrame(() => input.current?.setSelectionRange(text.length, text.length));
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const chosen = list[active];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      setActive(list.length === 0 ? -1 : (active + step + list.length) % list.length);
    } else if ((event.key === "Enter" || event.key === "Tab") && chosen) {
      event.preventDefault();
      take(chosen);
    } else if (event.key === "Enter") {
      event.preventDefault();
      setOpen(false);
      onSubmit();
    } else if (event.key === "Escape") {
      if (open && list.length > 0) setOpen(false);
      else input.current?.blur();
    } else if (event.key === "Backspace" && draft === "") {
      event.preventDefault();
      onBackspace();
    }
  };
  return (
    <div className={css.entry}>
      <input
        ref={input}
        role="combobox"
        aria-label="Query"
        aria-expanded={list.length > 0}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={active >= 0 && list[active] ? `${listId}-${active}` : undefined}
        aria-invalid={wrong}
        className={css.input}
        value={draft}
        placeholder={placeholder}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => {
          onDraft(event.target.value);
          setCaret(event.target.selectionStart ?? event.target.value.length);
          setActive(-1);
          setOpen(true);
        }}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
      />
      <div
        role="listbox"
        id={listId}
        aria-label="Suggestions"
        className={css.list}
        hidden={list.length === 0}
      >
        {list.map((each, index) => (
          <div
            role="option"
            key={each.text}
            id={`${listId}-${index}`}
            aria-selected={index === active}
            className={css.option}
            onPointerDown={(event) => {
              event.preventDefault();
              take(each);
            }}
          >
            <span className={css.optionTitle}>{each.title}</span>
            {each.note && <span className={css.optionNote}>{each.note}</span>}
          </div>
        ))}
      </div>
    </div>
  );
}

function useLater(text: string, afterMs: number): string {
  const [later, setLater] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setLater(text), afterMs);
    return () => clearTimeout(timer);
  }, [text, afterMs]);
  return later;
}

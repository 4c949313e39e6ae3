import { Search } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useKeys } from "~/app/keys";
import css from "./SearchField.module.css";
import { useLater } from "./useLater";

const AFTER_MS = 250;

/** A plain field for words; `/` leads to it. What is typed is told a moment later. */
export function SearchField({
  label,
  value,
  onValue,
  placeholder,
}: {
  label: string;
  value: string;
  onValue: (value: string) => void;
  placeholder?: string;
}) {
  const input = useRef<HTMLInputElement>(null);
  const [draft, setDraft] = useState(value);
  const later = useLater(draft, AFTER_MS);
  useKeys("Search", [{ keys: "/", does: "Go to the search field", run: () => input.current?.focus() }]);
  // The address may change without the field: Back, or a link.
  useEffect(() => setDraft(value), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: told when the typing rests, not when the page changes
  useEffect(() => {
    if (later !== value) onValue(later);
  }, [later]);
  return (
    <span className={css.field}>
      <Search size={15} aria-hidden />
      <input
        ref={input}
        type="search"
        aria-label={label}
        placeholder={placeholder}
        value={draft}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") input.current?.blur();
          if (event.key === "Enter") onValue(draft);
        }}
      />
    </span>
  );
}

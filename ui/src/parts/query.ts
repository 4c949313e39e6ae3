/** The text of a query in pieces: terms apart from one another, and what could stand where the caret is. */
import type { QueryField } from "~/api/types";

/** Split at spaces outside quotes and brackets. `a "b c" label:(x OR y)` has three terms. */
export function termsOf(query: string): string[] {
  const terms: string[] = [];
  let term = "";
  let quoted = false;
  let depth = 0;
  for (let at = 0; at < query.length; at++) {
    const char = query[at]!;
    if (char === "\\" && quoted) {
      term += char + (query[++at] ?? "");
      continue;
    }
    if (char === '"') quoted = !quoted;
    if (!quoted && char === "(") depth++;
    if (!quoted && char === ")") depth--;
    if (/\s/.test(char) && !quoted && depth <= 0) {
      if (term !== "") terms.push(term);
      term = "";
    } else term += char;
  }
  if (term !== "") terms.push(term);
  return terms;
}

/** Terms that stand each for itself can be chips; `OR` and brackets bind several, so then the query is one text. */
export const isPlain = (terms: readonly string[]): boolean =>
  !terms.some((term) => /^(OR|AND|NOT)$/.test(term) || term.startsWith("(") || term.startsWith("-("));

export interface TermParts {
  negated: boolean;
  field: string | null;
  value: string;
}

export function partsOf(term: string): TermParts {
  const negated = term.startsWith("-");
  const bare = negated ? term.slice(1) : term;
  const found = /^([A-Za-z][\w.]*):(.*)$/s.exec(bare);
  return found === null
    ? { negated, field: null, value: bare }
    : { negated, field: found[1]!, value: found[2]! };
}

/** A value as it has to be written: quoted if it would come apart. */
export const quoted = (value: string): string =>
  /^[\w.*+/@-]+$/.test(value) ? value : `"${value.replace(/[\\"]/g, (char) => `\\${char}`)}"`;

export interface Suggestion {
  /** Takes the place of the term. */
  text: string;
  title: string;
  note?: string;
  /** More is to be written, so there is no space behind it. */
  goesOn: boolean;
}

const SHOWN_MAX = 12;

/** What may stand instead of `term`: names of fields, or values of its field. */
export function suggestionsFor(
  term: string,
  fields: readonly QueryField[],
  values: readonly { value: string; count?: number }[],
): Suggestion[] {
  const { negated, field, value } = partsOf(term);
  const minus = negated ? "-" : "";
  if (field === null) {
    const typed = value.toLowerCase();
    const matches = fields.filter((each) =>
      [each.name, ...(each.aliases ?? [])].some((name) => name.toLowerCase().includes(typed)),
    );
    matches.sort(
      (a, b) =>
        Number(b.name.toLowerCase().startsWith(typed)) - Number(a.name.toLowerCase().startsWith(typed)),
    );
    return matches.slice(0, SHOWN_MAX).map((each) => ({
      text: `${minus}${each.name}:`,
      title: each.name,
      note: each.description ?? each.type,
      goesOn: true,
    }));
  }
  const before = value.slice(0, value.lastIndexOf(",") + 1);
  const typed = value.slice(before.length).replace(/^"/, "").toLowerCase();
  const known = fields.find((each) => each.name === field || each.aliases?.includes(field));
  const offered = new Map<string, string | undefined>();
  for (const each of values) offered.set(each.value, each.count?.toLocaleString());
  for (const each of known?.values ?? []) if (!offered.has(each)) offered.set(each, undefined);
  const found = [...offered].filter(([each]) => each.toLowerCase().includes(typed)).slice(0, SHOWN_MAX);
  if (found.length === 0 && typed === "") {
    return (known?.examples ?? [])
      .slice(0, SHOWN_MAX)
      .map((each) => ({ text: `${minus}${each}`, title: each, note: "example", goesOn: false }));
  }
  return found.map(([each, count]) => ({
    text: `${minus}${field}:${before}${quoted(each)}`,
    title: each,
    note: count,
    goesOn: false,
  }));
}

/** The query with one more term; several alternatives are put in brackets first. */
export function withTerm(query: string, term: string): string {
  const terms = termsOf(query);
  if (terms.includes(term)) return query;
  if (terms.length === 0) return term;
  return terms.includes("OR") ? `(${terms.join(" ")}) ${term}` : [...terms, term].join(" ");
}

export const withoutTerm = (query: string, term: string): string =>
  termsOf(query)
    .filter((each) => each !== term)
    .join(" ");

/** Whether all that is found has it: of alternatives, that is not said. */
export function hasTerm(query: string, term: string): boolean {
  const terms = termsOf(query);
  return isPlain(terms) && terms.includes(term);
}

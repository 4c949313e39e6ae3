/**
 * Where a caret is in a YAML text that is still being written, so a parser would not take it: the keys above it, what
 * else stands in its map, and what is typed. Indentation alone decides; flow style (`{a: 1}`) is one value.
 */

interface Token {
  line: number;
  indent: number;
  dash: boolean;
  key: string;
  value: string;
}

/** A step of the way down: a key, with all plain values of the map that it leads to (empty for a list), or an item. */
export interface Step {
  key: string | null;
  /** Of the map that it leads to. */
  siblings: ReadonlyMap<string, string>;
}

export interface Place {
  /** The map at the top. */
  top: ReadonlyMap<string, string>;
  /** From the top; `key: null` is an item of a list. */
  path: readonly Step[];
  /** What is before the caret and belongs to it. */
  typed: string;
  /** The key whose value is written; null while a key is. */
  ofKey: string | null;
  indent: number;
}

const KEY = /^("[^"]*"|'[^']*'|[^\s#"'{[\]},&*!|>%@`-][^:#]*?|[^\s:#]+)\s*:(?:\s+(.*)|)$/;
const BLOCK = /^[|>][-+\d]*\s*(#.*)?$/;

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let blockIndent: number | null = null;
  text.split("\n").forEach((whole, at) => {
    const bare = whole.trimEnd();
    let indent = bare.length - bare.trimStart().length;
    let rest = bare.trimStart();
    if (rest === "" || rest.startsWith("#")) return;
    if (blockIndent !== null && indent > blockIndent) return;
    blockIndent = null;
    while (rest === "-" || rest.startsWith("- ")) {
      tokens.push({ line: at, indent, dash: true, key: "", value: "" });
      const inner = rest.slice(1).trimStart();
      indent += rest.length - inner.length;
      rest = inner;
    }
    const found = KEY.exec(rest);
    if (found === null) return;
    const value = (found[2] ?? "").trim();
    tokens.push({ line: at, indent, dash: false, key: unquoted(found[1]!), value: unquoted(value) });
    if (BLOCK.test(value)) blockIndent = indent;
  });
  return tokens;
}

const unquoted = (text: string): string => /^(["'])(.*)\1$/.exec(text)?.[2] ?? text.replace(/\s+#.*$/, "");

/** `line` counts from 0, `column` says how many characters stand before the caret. */
export function placeAt(text: string, line: number, column: number): Place {
  const lines = text.split("\n");
  const before = (lines[line] ?? "").slice(0, column);
  const lead = /^\s*(?:-\s+)*/.exec(before)![0];
  const rest = before.slice(lead.length);
  const asKey = /^([^\s:]+)\s*:\s+(.*)$|^([^\s:]+)\s*:$/.exec(rest);
  const ofKey = asKey === null ? null : (asKey[1] ?? asKey[3]!);
  const typed = asKey === null ? rest : (asKey[2] ?? "");
  const tokens = tokensOf(text);
  const indent = lead.length;
  // Dashes on this line before the caret are part of the way; keys on it are not.
  let at = tokens.findIndex((token) => token.line > line || (token.line === line && !token.dash));
  if (at < 0) at = tokens.length;
  const steps: Step[] = [];
  let level = indent;
  let map: ReadonlyMap<string, string> = siblingsAt(tokens, at, level, line);
  for (let back = at - 1; back >= 0; back--) {
    const token = tokens[back]!;
    if (token.dash && token.indent < level) {
      steps.push({ key: null, siblings: map });
      map = NONE;
      level = token.indent;
      // A list may stand as far left as the key that it belongs to.
      const owner = tokens.slice(0, back).findLast((each) => !each.dash && each.indent <= level);
      if (owner === undefined) break;
      steps.push({ key: owner.key, siblings: NONE });
      back = tokens.indexOf(owner);
      level = owner.indent;
      map = siblingsAt(tokens, back, level, -1);
    } else if (!token.dash && token.indent < level && token.value === "") {
      steps.push({ key: token.key, siblings: map });
      level = token.indent;
      map = siblingsAt(tokens, back, level, -1);
    } else if (!token.dash && token.indent < level) level = token.indent + 1;
  }
  return { top: map, path: steps.reverse(), typed, ofKey, indent };
}

const NONE: ReadonlyMap<string, string> = new Map();

/** The keys of the map at `indent` around a place among the tokens; `without`: the line that is being written. */
function siblingsAt(
  tokens: readonly Token[],
  at: number,
  indent: number,
  without: number,
): Map<string, string> {
  const found = new Map<string, string>();
  const take = (token: Token) => {
    if (!token.dash && token.indent === indent && token.line !== without) found.set(token.key, token.value);
  };
  for (let back = at - 1; back >= 0; back--) {
    const token = tokens[back]!;
    if (token.indent < indent) break;
    take(token);
  }
  for (let on = at; on < tokens.length; on++) {
    const token = tokens[on]!;
    if (token.indent < indent && token.line !== without) break;
    take(token);
  }
  return found;
}

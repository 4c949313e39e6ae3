/** What was given and what came out of trying a template. */
import type { Mark } from "~/parts/code/CodeEditor";

/** The name of a value's type, as flows know it. */
export function typeOf(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return `list of ${value.length}`;
  if (typeof value === "object") return `map of ${Object.keys(value).length}`;
  if (typeof value === "string") return `text of ${value.length} characters`;
  if (typeof value === "boolean") return "boolean";
  return Number.isInteger(value) ? "integer" : "number";
}

/** Where in the template a failure is, as its words tell: `at line 2`, or `(…:2)` at their end. */
export function placeOf(failure: string, template: string): { line: number; column: number } {
  const told = /at line (\d+)\b/.exec(failure)?.[1] ?? /:(\d+)\)\s*$/.exec(failure)?.[1];
  const line = told === undefined ? 1 : Number(told);
  const text = template.split("\n")[line - 1] ?? "";
  const named = /(?:Unable to find `|\[)([\w.]+)/.exec(failure)?.[1];
  const at = named === undefined ? -1 : text.indexOf(named);
  return { line, column: (at >= 0 ? at : Math.max(0, text.search(/\S/))) + 1 };
}

interface Given {
  value: Record<string, unknown>;
  error: string | null;
  mark: readonly Mark[];
}

export function variablesOf(text: string): Given {
  if (text.trim() === "") return { value: {}, error: null, mark: [] };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return { value: value as Record<string, unknown>, error: null, mark: [] };
    return { value: {}, error: "Variables are a map: { … }", mark: [] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const line = Number(/line (\d+)/.exec(message)?.[1] ?? 0);
    const column = Number(/column (\d+)/.exec(message)?.[1] ?? 1);
    return {
      value: {},
      error: message,
      mark: line > 0 ? [{ line, column, message, severity: "error" }] : [],
    };
  }
}

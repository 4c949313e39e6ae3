/** Values of pairs as they are written in the form, and as the server is sent them: JSON, or a bare date or duration. */
import type { KvType, KvValue } from "~/api/namespaces";

export const textOf = ({ value }: KvValue): string => {
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null ? JSON.stringify(value, null, 2) : String(value);
};

type Body = { ok: true; text: string } | { ok: false; why: string };

const DATETIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;
const DURATION = /^-?P(?!$)(\d+(\.\d+)?[YMWD])*(T(?!$)(\d+(\.\d+)?[HMS])*)?$/i;

/** What is sent for a text of a type; the server finds the type again by how it is written. */
export function bodyOf(type: KvType, text: string): Body {
  const bare = text.trim();
  switch (type) {
    case "STRING":
      return { ok: true, text: JSON.stringify(text) };
    case "NUMBER":
      return check(bare, /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(bare), "A number such as 42 or 1.5");
    case "BOOLEAN":
      return check(bare, bare === "true" || bare === "false", "true or false");
    case "DATETIME":
      return check(bare, DATETIME.test(bare), "An instant such as 2026-11-24T10:15:00Z");
    case "DATE":
      return check(bare, /^\d{4}-\d\d-\d\d$/.test(bare), "A date such as 2026-11-24");
    case "DURATION":
      return check(bare, DURATION.test(bare), "An ISO duration such as PT5M");
    case "JSON":
      try {
        JSON.parse(bare);
        return { ok: true, text: bare };
      } catch (error) {
        return { ok: false, why: error instanceof Error ? error.message : "No JSON" };
      }
  }
}

const check = (text: string, ok: boolean, why: string): Body => (ok ? { ok, text } : { ok, why });

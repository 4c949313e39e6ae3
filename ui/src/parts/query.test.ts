import { describe, expect, test } from "vitest";
import { hasTerm, isPlain, partsOf, suggestionsFor, termsOf, withoutTerm, withTerm } from "./query";

describe("a query's text", () => {
  test("comes apart at spaces, not within quotes or brackets", () => {
    expect(termsOf('state:FAILED  "timed out" error:"a b" -(x OR y)')).toEqual([
      "state:FAILED",
      '"timed out"',
      'error:"a b"',
      "-(x OR y)",
    ]);
  });

  test("with OR or brackets is no list of chips", () => {
    expect(isPlain(termsOf("a:1 b:2"))).toBe(true);
    expect(isPlain(termsOf("a:1 OR b:2"))).toBe(false);
    expect(isPlain(termsOf("a:1 (b:2 c:3)"))).toBe(false);
  });

  test("names field, value and denial of a term", () => {
    expect(partsOf("-label:env=dev")).toEqual({ negated: true, field: "label", value: "env=dev" });
    expect(partsOf('"a: b"')).toEqual({ negated: false, field: null, value: '"a: b"' });
  });

  test("is completed behind the last comma, quoted where it must be", () => {
    const fields = [{ name: "state", type: "keyword", values: ["FAILED", "WARNING"] }];
    expect(suggestionsFor("-sta", fields, [])[0]?.text).toBe("-state:");
    expect(suggestionsFor("state:FAILED,wa", fields, [])[0]?.text).toBe("state:FAILED,WARNING");
    expect(suggestionsFor("flow:my", [], [{ value: "my flow", count: 3 }])[0]?.text).toBe('flow:"my flow"');
  });
});

describe("a term more, a term less", () => {
  test("is added once, and alternatives are kept together first", () => {
    expect(withTerm("", "state:FAILED")).toBe("state:FAILED");
    expect(withTerm("flow:a state:FAILED", "state:FAILED")).toBe("flow:a state:FAILED");
    expect(withTerm("task:a OR task:b", "state:FAILED")).toBe("(task:a OR task:b) state:FAILED");
  });

  test("is taken out where it stands for itself", () => {
    expect(withoutTerm('flow:a error:"timed out" x', 'error:"timed out"')).toBe("flow:a x");
    expect(hasTerm("flow:a state:FAILED", "state:FAILED")).toBe(true);
    expect(hasTerm("state:FAILED OR flow:a", "state:FAILED")).toBe(false);
  });
});

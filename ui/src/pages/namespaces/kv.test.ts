import { expect, test } from "vitest";
import { bodyOf, textOf } from "./kv";

test("a text that looks like a number stays a text", () => {
  expect(bodyOf("STRING", "42")).toEqual({ ok: true, text: '"42"' });
  expect(bodyOf("NUMBER", " 42 ")).toEqual({ ok: true, text: "42" });
});

test("what is no value of its type is not sent", () => {
  expect(bodyOf("NUMBER", "many").ok).toBe(false);
  expect(bodyOf("DURATION", "PT").ok).toBe(false);
  expect(bodyOf("DATETIME", "2026-11-24").ok).toBe(false);
  expect(bodyOf("JSON", "{a}").ok).toBe(false);
  expect(bodyOf("DURATION", "PT5M").ok).toBe(true);
});

test("values are shown as they would be written", () => {
  expect(textOf({ type: "STRING", value: "a" })).toBe("a");
  expect(textOf({ type: "BOOLEAN", value: false })).toBe("false");
  expect(textOf({ type: "JSON", value: { a: 1 } })).toBe('{\n  "a": 1\n}');
});

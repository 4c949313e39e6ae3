import { expect, test } from "vitest";
import { placeOf, typeOf, variablesOf } from "./result";

test("a failure is shown at the line and the name that its words tell", () => {
  expect(placeOf("Unable to find `b` used in the expression `…` at line 2", "{{ a }}\n{{ b }}")).toEqual({
    line: 2,
    column: 4,
  });
  expect(placeOf("Function or Macro [nope] does not exist ({{ nope() }}:1)", "x {{ nope() }}")).toEqual({
    line: 1,
    column: 6,
  });
  expect(placeOf("no place", "  {{ x")).toEqual({ line: 1, column: 3 });
});

test("values have the names of types that flows know", () => {
  expect([null, [1], { a: 1 }, "ab", true, 1, 1.5].map(typeOf)).toEqual([
    "null",
    "list of 1",
    "map of 1",
    "text of 2 characters",
    "boolean",
    "integer",
    "number",
  ]);
});

test("variables are a map or are refused", () => {
  expect(variablesOf("").error).toBeNull();
  expect(variablesOf('{"a": 1}').value).toEqual({ a: 1 });
  expect(variablesOf("[1]").error).toContain("map");
  expect(variablesOf("{").error).not.toBeNull();
});

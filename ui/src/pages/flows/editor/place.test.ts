import { expect, test } from "vitest";
import { placeAt } from "./place";
import { FlowSchema } from "./schema";

const TEXT = `id: a
namespace: company.team
inputs:
- id: name
  type: STRING
tasks:
  - id: choose
    type: core.Switch
    cases:
      one:
        - id: log
          type: core.Log
          
          level: INFO
  - id: script
    script: |
      tasks:
        - id: no
    `;

function at(lineText: string, text = TEXT) {
  const lines = text.split("\n");
  const line = lines.indexOf(lineText);
  return placeAt(text, line, lineText.length);
}

const keysOf = (place: ReturnType<typeof placeAt>) => place.path.map((step) => step.key);

test("a caret in a map of an item of a list in a case knows its way and its siblings", () => {
  const place = at("          ");
  expect(keysOf(place)).toEqual(["tasks", null, "cases", "one", null]);
  expect(Object.fromEntries(place.path.at(-1)!.siblings)).toEqual({
    id: "log",
    type: "core.Log",
    level: "INFO",
  });
  expect(place.path[1]!.siblings.get("type")).toBe("core.Switch");
});

test("a list may stand as far left as its key", () => {
  expect(keysOf(at("  type: STRING"))).toEqual(["inputs", null]);
});

test("a value that is written has its key, and what is typed of it", () => {
  const place = at("          type: core.Log");
  expect(place.ofKey).toBe("type");
  expect(place.typed).toBe("core.Log");
});

test("what looks like keys inside a block of text is none", () => {
  expect(keysOf(at("    "))).toEqual(["tasks", null]);
  expect([...at("    ").path.at(-1)!.siblings.keys()].sort()).toEqual(["id", "script"]);
});

const SCHEMA = new FlowSchema({
  $ref: "#/definitions/flow",
  definitions: {
    flow: {
      properties: {
        id: { type: "string" },
        inputs: { type: "array", items: { $ref: "#/definitions/input" } },
        tasks: { type: "array", items: { $ref: "#/definitions/task" }, description: "What runs" },
      },
      required: ["id", "tasks"],
    },
    input: { properties: { id: {}, type: { enum: ["STRING", "INT"] } } },
    task: {
      anyOf: [
        { $ref: "#/definitions/core.Log" },
        { $ref: "#/definitions/core.Switch" },
        { $ref: "#/definitions/old.Log" },
      ],
    },
    "old.Log": { properties: { id: {}, type: { const: "old.Log" }, message: {} }, deprecated: true },
    "core.Log": {
      description: "Writes a line",
      properties: { id: {}, type: { const: "core.Log" }, message: {}, level: { enum: ["INFO", "WARN"] } },
    },
    "core.Switch": {
      properties: {
        id: {},
        type: { const: "core.Switch" },
        cases: { additionalProperties: { type: "array", items: { $ref: "#/definitions/task" } } },
      },
    },
  },
});

test("the type of a task decides which keys it has, without those it has already", () => {
  expect(SCHEMA.keys(at("          ")).map((each) => each.name)).toEqual(["message"]);
});

test("without a type only what all tasks have is offered, and all types", () => {
  const text = "tasks:\n  - i\n  - type: ";
  expect(SCHEMA.keys(placeAt(text, 1, 5)).map((each) => each.name)).toEqual(["id", "type"]);
  expect(SCHEMA.values(placeAt(text, 2, 10), "type").map((each) => each.value)).toEqual([
    "core.Log",
    "core.Switch",
  ]);
});

test("an older name of a type is not offered, but known", () => {
  const text = "tasks:\n  - type: old.Log\n    m";
  expect(SCHEMA.keys(placeAt(text, 2, 5)).map((each) => each.name)).toEqual(["id", "message"]);
});

test("choices are offered as values", () => {
  const place = at("          level: INFO");
  expect(SCHEMA.values(place, "level").map((each) => each.value)).toEqual(["INFO", "WARN"]);
});

test("at the top what is needed is told", () => {
  const found = SCHEMA.keys(placeAt("id: a\nt", 1, 1));
  expect(found.map((each) => [each.name, each.required])).toEqual([
    ["inputs", false],
    ["tasks", true],
  ]);
});

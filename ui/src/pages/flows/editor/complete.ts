/** Completion and hints for flows: keys, types and values from the schema, names of the flow inside `{{ }}`. */
import type {
  Completion,
  CompletionContext,
  CompletionResult,
  CompletionSource,
} from "@codemirror/autocomplete";
import type { HoverTooltipSource } from "@codemirror/view";
import { placeAt, tokensOf } from "./place";
import { type FlowSchema, kindOf, type Property } from "./schema";

export function completionsOf(schema: FlowSchema, functions: readonly string[]): CompletionSource {
  return (context) => {
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    if (/^\s*#/.test(before)) return null;
    const expression = /\{\{[^}]*$/.exec(before);
    if (expression !== null) return inExpression(context, expression[0], functions);
    const place = placeAt(context.state.doc.toString(), line.number - 1, before.length);
    if (place.ofKey !== null) {
      const options = schema.values(place, place.ofKey).map(({ value, about }): Completion => {
        const short = value.split(".").at(-1)!;
        return short === value
          ? { label: value, info: about }
          : { label: value, displayLabel: short, detail: value.slice(0, -short.length - 1), info: about };
      });
      return options.length === 0
        ? null
        : { from: context.pos - place.typed.length, options, filter: true, validFor: /^[\w.-]*$/ };
    }
    if (!context.explicit && place.typed === "") return null;
    const options = schema.keys(place).map((property, at) => keyOption(property, place.indent, at));
    return options.length === 0
      ? null
      : { from: context.pos - place.typed.length, options, validFor: /^[\w-]*$/ };
  };
}

function keyOption({ name, schema, required }: Property, indent: number, at: number): Completion {
  const inner = " ".repeat(indent + 2);
  const isList = schema.type === "array" && schema.items !== undefined;
  const isMap = schema.type === "object" || schema.properties !== undefined;
  const after = isList ? `:\n${inner}- ` : isMap ? `:\n${inner}` : ": ";
  return {
    label: name,
    apply: name + after,
    detail: kindOf(schema, required),
    info: schema.description,
    boost: (required ? 50 : 0) - at / 10,
  };
}

/** Names of this flow, where its own text tells them. */
function inExpression(
  context: CompletionContext,
  expression: string,
  functions: readonly string[],
): CompletionResult | null {
  const word = /[\w.]*$/.exec(expression)![0];
  if (word === "" && !context.explicit) return null;
  const tokens = tokensOf(context.state.doc.toString());
  const section = (name: string) => {
    const start = tokens.findIndex((token) => token.indent === 0 && token.key === name);
    if (start < 0) return [];
    const end = tokens.findIndex((token, at) => at > start && token.indent === 0 && !token.dash);
    return tokens.slice(start + 1, end < 0 ? undefined : end);
  };
  const ids = (name: string) =>
    section(name)
      .filter((token) => token.key === "id" && token.value !== "")
      .map((token) => token.value);
  const inputs = ids("inputs");
  const vars = section("variables").filter((token, _, all) => token.indent === all[0]?.indent);
  const labels = [
    ...inputs.map((id) => `inputs.${id}`),
    ...vars.map((token) => `vars.${token.key}`),
    ...ids("tasks").map((id) => `outputs.${id}`),
    ...KNOWN,
  ];
  const options: Completion[] = labels.map((label) => ({ label }));
  if (!word.includes(".")) {
    options.push(
      ...functions.map((name) => ({ label: name, apply: `${name}(`, detail: "function", boost: -20 })),
    );
  }
  return { from: context.pos - word.length, options, validFor: /^[\w.]*$/ };
}

const KNOWN = [
  "execution.id",
  "execution.startDate",
  "flow.id",
  "flow.namespace",
  "flow.revision",
  "task.id",
  "taskrun.value",
  "taskrun.id",
  "taskrun.startDate",
  "taskrun.attemptsCount",
  "taskrun.iteration",
  "parent.taskrun.value",
  "trigger.date",
  "labels",
];

export function hoverOf(schema: FlowSchema): HoverTooltipSource {
  return (view, at) => {
    const line = view.state.doc.lineAt(at);
    const found = /^(\s*(?:-\s+)*)([\w-]+)\s*:/.exec(line.text);
    if (found === null) return null;
    const from = line.from + found[1]!.length;
    const key = found[2]!;
    const onType = key === "type" && at >= from;
    if (!onType && (at < from || at > from + key.length)) return null;
    const place = placeAt(view.state.doc.toString(), line.number - 1, found[1]!.length);
    // The line itself is in its map, too.
    const type = /:\s*(\S+)/.exec(line.text)?.[1];
    const values = new Map(place.path.at(-1)?.siblings ?? place.top);
    if (key === "type" && type) values.set("type", type);
    const last = place.path.at(-1);
    const whole = last
      ? { ...place, path: [...place.path.slice(0, -1), { ...last, siblings: values }] }
      : { ...place, top: values };
    const about = schema.about(whole, key);
    if (about === null || (about.text === "" && about.kind === "")) return null;
    return {
      pos: from,
      end: onType ? line.to : from + key.length,
      above: true,
      create: () => {
        const dom = document.createElement("div");
        dom.className = "cm-docs";
        const name = dom.appendChild(document.createElement("b"));
        name.textContent = about.name;
        if (about.kind) dom.appendChild(document.createElement("span")).textContent = about.kind;
        if (about.text) dom.appendChild(document.createElement("div")).textContent = about.text;
        return { dom };
      },
    };
  };
}

/** The JSON Schema of flows, asked what may stand at a place. */
import type { Place } from "./place";

export interface Schema {
  $ref?: string;
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: readonly unknown[];
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  items?: Schema;
  anyOf?: readonly Schema[];
  additionalProperties?: boolean | Schema;
  /** An older name: taken, but not offered. */
  deprecated?: boolean;
  definitions?: Readonly<Record<string, Schema>>;
}

export interface Property {
  name: string;
  schema: Schema;
  required: boolean;
}

export class FlowSchema {
  constructor(private readonly root: Schema) {}

  /** Follow a reference; what is said beside it stays. */
  private of(schema: Schema): Schema {
    if (schema.$ref === undefined) return schema;
    const name = schema.$ref.replace("#/definitions/", "");
    const found = this.root.definitions?.[name] ?? {};
    return { ...this.of(found), ...(schema.description ? { description: schema.description } : {}) };
  }

  private variants(schema: Schema): readonly Schema[] {
    const found = this.of(schema);
    return found.anyOf ? found.anyOf.flatMap((each) => this.variants(each)) : [found];
  }

  /** The schemas that a map may follow: where it names its type, only those of that type. */
  private maps(schema: Schema, values: ReadonlyMap<string, string>): readonly Schema[] {
    const all = this.variants(schema).filter(
      (each) => each.properties !== undefined || typeof each.additionalProperties === "object",
    );
    const named = values.get("type");
    if (named === undefined || named === "") return all;
    const typed = all.filter((each) => each.properties?.type && this.takes(each.properties.type, named));
    if (typed.length > 0) return typed;
    // An older name of a type is defined, too, but no list offers it.
    const byName = all.length > 1 ? this.root.definitions?.[named] : undefined;
    return byName ? [this.of(byName)] : all;
  }

  private takes(schema: Schema, value: string): boolean {
    return this.variants(schema).some(
      (each) => each.const === value || each.enum?.includes(value) || (!each.const && !each.enum),
    );
  }

  /** Which schemas hold where the caret is, and the map that it is in. */
  private at(place: Place): { schemas: readonly Schema[]; values: ReadonlyMap<string, string> } {
    let schemas: readonly Schema[] = [this.of(this.root)];
    let values = place.top;
    for (const { key, siblings } of place.path) {
      schemas = schemas.flatMap((schema) =>
        key === null
          ? this.variants(schema).flatMap((each) => each.items ?? [])
          : this.maps(schema, values).flatMap((each) => this.property(each, key) ?? []),
      );
      values = siblings;
    }
    return { schemas, values };
  }

  private property(schema: Schema, name: string): Schema | undefined {
    const more = schema.additionalProperties;
    return schema.properties?.[name] ?? (typeof more === "object" ? more : undefined);
  }

  /** What may be written as a key, without what is there already. */
  keys(place: Place): readonly Property[] {
    const { schemas, values } = this.at(place);
    const maps = schemas.flatMap((schema) => this.maps(schema, values));
    const found = new Map<string, Property>();
    // Of many types only what all need is of help until the type is known.
    const choosing = maps.length > 1 && maps.every((each) => each.properties?.type);
    for (const map of maps) {
      for (const [name, schema] of Object.entries(map.properties ?? {})) {
        if (values.has(name) || found.has(name)) continue;
        if (choosing && name !== "id" && name !== "type") continue;
        found.set(name, { name, schema: this.of(schema), required: map.required?.includes(name) ?? false });
      }
    }
    return [...found.values()];
  }

  /** What may be written as the value of a key, with what it means. */
  values(place: Place, key: string): readonly { value: string; about?: string }[] {
    const { schemas, values } = this.at(place);
    const others = new Map(values);
    if (key === "type") others.delete("type");
    const found = new Map<string, { value: string; about?: string }>();
    for (const map of schemas.flatMap((schema) => this.maps(schema, others))) {
      const property = this.property(map, key);
      if (property === undefined || (key === "type" && map.deprecated)) continue;
      for (const each of this.variants(property)) {
        const about = key === "type" ? map.description : undefined;
        if (each.const !== undefined) found.set(String(each.const), { value: String(each.const), about });
        for (const value of each.enum ?? []) found.set(String(value), { value: String(value), about });
        if (each.type === "boolean") for (const value of ["true", "false"]) found.set(value, { value });
      }
    }
    return [...found.values()];
  }

  /** What a key means where it stands; for `type` with a value, what that type does. */
  about(place: Place, key: string): { name: string; kind: string; text: string } | null {
    const { schemas, values } = this.at(place);
    for (const map of schemas.flatMap((schema) => this.maps(schema, values))) {
      const property = this.property(map, key);
      if (property === undefined) continue;
      const type = values.get("type");
      if (key === "type" && type !== undefined) return { name: type, kind: "", text: map.description ?? "" };
      const schema = this.of(property);
      return { name: key, kind: kindOf(schema, map.required?.includes(key)), text: schema.description ?? "" };
    }
    return null;
  }
}

export function kindOf(schema: Schema, required = false): string {
  const type =
    schema.type ??
    (schema.enum ? "choice" : schema.anyOf ? "one of several forms" : schema.properties ? "map" : "");
  const given = schema.default;
  const usual =
    given === undefined || given === null || (Array.isArray(given) && given.length === 0)
      ? ""
      : `default ${JSON.stringify(given)}`;
  return [type, required ? "required" : usual].filter(Boolean).join(", ");
}

/**
 * A form made from declared inputs, of a flow or of a pause: a field for each, as its type asks for.
 *
 * Values are texts, as the server takes them in a form; files go as files. What is left empty is not sent, so that
 * the declared default counts. The server says what is wrong.
 */
import { useEffect, useId, useState } from "react";
import css from "./InputFields.module.css";

export interface InputOf {
  id: string;
  type: string;
  displayName?: string;
  description?: string;
  required?: boolean;
  defaults?: unknown;
  values?: readonly unknown[];
  options?: readonly unknown[];
  min?: number | string;
  max?: number | string;
  validator?: string;
  itemType?: string;
  accept?: string;
}

export type InputValue = string | readonly string[] | File;
export type InputValues = Readonly<Record<string, InputValue>>;

/** The values of a form, begun with the defaults; `onForm` gets what would be sent. */
export function useInputForm(
  inputs: readonly InputOf[],
  onForm: (form: FormData) => void,
): [InputValues, (id: string, value: InputValue) => void] {
  const [given, setGiven] = useState<InputValues>({});
  const values: InputValues = { ...defaultsOf(inputs), ...given };
  // biome-ignore lint/correctness/useExhaustiveDependencies: the callback may be new each time
  useEffect(() => onForm(formOf(inputs, values)), [inputs, given]);
  return [values, (id, value) => setGiven((before) => ({ ...before, [id]: value }))];
}

export function defaultsOf(inputs: readonly InputOf[]): InputValues {
  const values: Record<string, InputValue> = {};
  for (const { id, type, defaults } of inputs) {
    if (type === "MULTISELECT") values[id] = Array.isArray(defaults) ? defaults.map(String) : [];
    else if (defaults === undefined || defaults === null || type === "FILE") values[id] = "";
    else values[id] = typeof defaults === "object" ? JSON.stringify(defaults, null, 2) : String(defaults);
    // An expression is rendered by the server: an empty field leaves it to that.
    if (typeof defaults === "string" && defaults.includes("{{")) values[id] = "";
  }
  return values;
}

export function formOf(inputs: readonly InputOf[], values: InputValues): FormData {
  const form = new FormData();
  for (const { id, defaults } of inputs) {
    const value = values[id];
    if (value instanceof File) form.set(id, value);
    else if (typeof value === "string") {
      if (value !== "") form.set(id, value);
    } else if (value !== undefined && (value.length > 0 || Array.isArray(defaults)))
      form.set(id, JSON.stringify(value));
  }
  return form;
}

export function InputFields({
  inputs,
  values,
  onValue,
}: {
  inputs: readonly InputOf[];
  values: InputValues;
  onValue: (id: string, value: InputValue) => void;
}) {
  return inputs.map((input) => (
    <OneInput
      key={input.id}
      input={input}
      value={values[input.id] ?? ""}
      onValue={(value) => onValue(input.id, value)}
    />
  ));
}

interface OneProps {
  input: InputOf;
  value: InputValue;
  onValue: (value: InputValue) => void;
}

function OneInput({ input, value, onValue }: OneProps) {
  const id = useId();
  const isRequired = input.required !== false && input.defaults === undefined;
  const about = [input.description, rangeText(input)].filter(Boolean).join(" · ");
  return (
    <div className={css.field}>
      <label htmlFor={id}>
        {input.displayName ?? input.id} <span className={css.type}>{input.type}</span>
        {!isRequired && <span className={css.type}> optional</span>}
      </label>
      <Control id={id} about={about ? `${id}-about` : undefined} {...{ input, value, onValue, isRequired }} />
      {about && (
        <p id={`${id}-about`} className={css.about}>
          {about}
        </p>
      )}
    </div>
  );
}

function rangeText({ min, max }: InputOf): string {
  if (min !== undefined && max !== undefined) return `from ${min} to ${max}`;
  if (min !== undefined) return `at least ${min}`;
  return max === undefined ? "" : `at most ${max}`;
}

const HINTS: Record<string, string> = {
  DATE: "2026-01-31",
  TIME: "10:15:30",
  DATETIME: "2026-01-31T10:15:30Z",
  DURATION: "PT5M",
  URI: "https://",
  EMAIL: "someone@example.com",
};
const LONG = new Set(["JSON", "YAML", "ARRAY"]);

function Control({
  id,
  about,
  input,
  value,
  onValue,
  isRequired,
}: OneProps & { id: string; about: string | undefined; isRequired: boolean }) {
  const text = typeof value === "string" ? value : "";
  const same = { id, "aria-describedby": about, required: isRequired };
  if (input.type === "BOOLEAN" || input.type === "BOOL") {
    return (
      <select {...same} value={text} onChange={(event) => onValue(event.target.value)}>
        {!["true", "false"].includes(text) && <option value="">–</option>}
        <option value="true">true</option>
        <option value="false">false</option>
      </select>
    );
  }
  const choices = (input.values ?? input.options ?? []).map(String);
  if (choices.length > 0 && input.type === "MULTISELECT") {
    const chosen = Array.isArray(value) ? (value as readonly string[]) : [];
    return (
      <span id={id} role="group" aria-label={input.displayName ?? input.id} className={css.choices}>
        {choices.map((each) => (
          <label key={each}>
            <input
              type="checkbox"
              checked={chosen.includes(each)}
              onChange={(event) =>
                onValue(choices.filter((one) => (one === each ? event.target.checked : chosen.includes(one))))
              }
            />
            {each}
          </label>
        ))}
      </span>
    );
  }
  if (choices.length > 0) {
    return (
      <select {...same} value={text} onChange={(event) => onValue(event.target.value)}>
        {(!isRequired || text === "") && <option value="">–</option>}
        {choices.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    );
  }
  if (input.type === "FILE") {
    return (
      <input
        {...same}
        type="file"
        accept={input.accept}
        onChange={(event) => onValue(event.target.files?.[0] ?? "")}
      />
    );
  }
  if (LONG.has(input.type)) {
    return (
      <textarea
        {...same}
        rows={4}
        spellCheck={false}
        value={text}
        onChange={(event) => onValue(event.target.value)}
      />
    );
  }
  return (
    <input
      {...same}
      type={input.type === "SECRET" ? "password" : input.type === "DATE" ? "date" : "text"}
      inputMode={input.type === "INT" ? "numeric" : input.type === "FLOAT" ? "decimal" : undefined}
      placeholder={HINTS[input.type]}
      autoComplete="off"
      value={text}
      onChange={(event) => onValue(event.target.value)}
    />
  );
}

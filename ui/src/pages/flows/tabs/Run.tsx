/** A form made from what the flow asks for. The server says, while it is filled in, what is asked at all and what is wrong. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { Play, Plus, X } from "lucide-react";
import { useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { send } from "~/api/client";
import { allMessagesOf } from "~/api/errors";
import type { Flow, FlowInput } from "~/api/flows";
import type { Execution } from "~/api/types";
import { useKeys } from "~/app/keys";
import { executionLink } from "~/app/links";
import { Button, IconButton } from "~/parts/Button";
import { InputFields, useInputForm } from "~/parts/inputs/InputFields";
import { Empty } from "~/parts/Placeholders";
import { useLater } from "~/parts/useLater";
import css from "./Tabs.module.css";

interface Checked {
  inputs: readonly {
    input: FlowInput;
    enabled: boolean;
    value?: unknown;
    errors?: readonly { message: string }[];
  }[];
}

const CHECK_AFTER_MS = 300;
const NONE: readonly FlowInput[] = [];

export function Run({ flow, unsaved }: { flow: Flow; unsaved: boolean }) {
  const navigate = useNavigate();
  const [form, setForm] = useState(() => new FormData());
  const [labels, setLabels] = useState<readonly { key: string; value: string }[]>([]);
  const [tried, setTried] = useState(false);
  const path = `/executions/${encodeURIComponent(flow.namespace)}/${encodeURIComponent(flow.id)}`;
  const checked = useChecked(flow, `${path}/validate`, useLater(form, CHECK_AFTER_MS));
  const states = useMemo(
    () => new Map(checked.data?.inputs.map((each) => [each.input.id, each])),
    [checked.data],
  );
  // What depends on others is asked when the server says so, with the choices that it has then.
  const inputs = useMemo(
    () =>
      (flow.inputs ?? NONE)
        .filter((input) => states.get(input.id)?.enabled ?? input.dependsOn === undefined)
        .map((input) => ({ ...input, ...choicesOf(states.get(input.id)?.input) })),
    [flow.inputs, states],
  );
  const [values, setValue] = useInputForm(inputs, setForm);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const start = useMutation({
    mutationFn: () => {
      const pairs = labels.filter((label) => label.key !== "").map((label) => `${label.key}:${label.value}`);
      return send<Execution>("POST", path, form, { labels: pairs });
    },
    onSuccess: (execution) => void navigate(executionLink(execution.id)),
  });
  const wrong = inputs.filter((input) => states.get(input.id)?.errors?.length);
  const run = () => {
    setTried(true);
    if (wrong.length === 0 && !start.isPending) start.mutate();
  };
  useKeys("Run", [{ keys: "mod+enter", does: "Run the flow", run }]);
  if (flow.disabled)
    return <Empty title="This flow is disabled">Take `disabled: true` out of its text to run it.</Empty>;
  return (
    <div className={css.run}>
      <form
        className={css.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        {inputs.length === 0 && <p>This flow asks for nothing.</p>}
        {inputs.map((input) => {
          const error = states.get(input.id)?.errors?.[0]?.message;
          return (
            <div key={input.id}>
              <InputFields
                inputs={[input]}
                values={values}
                onValue={(id, value) => {
                  setTouched(new Set([...touched, id]));
                  setValue(id, value);
                }}
              />
              {error !== undefined && (tried || touched.has(input.id)) && (
                <p className={css.fieldError} role="alert">
                  {error}
                </p>
              )}
            </div>
          );
        })}
        <Labels labels={labels} onLabels={setLabels} />
        {start.isError && (
          <p className={css.fieldError} role="alert">
            {allMessagesOf(start.error)}
          </p>
        )}
        <div className={css.foot}>
          <Button kind="primary" type="submit" isDisabled={start.isPending}>
            <Play size={14} /> {start.isPending ? "Starting…" : "Run"}
          </Button>
          <span className={css.note}>
            <kbd>Ctrl</kbd> <kbd>Enter</kbd>
          </span>
        </div>
      </form>
      <aside className={css.side} aria-label="What will run">
        <p>
          Runs revision {flow.revision} of {flow.namespace}.{flow.id}.
        </p>
        {unsaved && <p>What you changed in the editor is not saved, so it will not run yet.</p>}
        {flow.labels && flow.labels.length > 0 && (
          <>
            <p>The execution gets the labels of the flow:</p>
            <ul className={css.chips}>
              {flow.labels.map((label) => (
                <li key={label.key}>
                  {label.key}: {label.value}
                </li>
              ))}
            </ul>
          </>
        )}
      </aside>
    </div>
  );
}

const choicesOf = (input: FlowInput | undefined): Partial<FlowInput> =>
  input?.values?.length ? { values: input.values } : {};

/** What the server makes of the form so far. */
function useChecked(flow: Flow, path: string, form: FormData) {
  const key = [...form].map(([name, value]) => [
    name,
    value instanceof File ? [value.name, value.size] : value,
  ]);
  return useQuery({
    queryKey: ["flows", "inputs", flow.namespace, flow.id, flow.revision, key],
    queryFn: () => send<Checked>("POST", path, withoutFiles(form)),
    enabled: (flow.inputs?.length ?? 0) > 0,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30_000,
    placeholderData: (before) => before,
  });
}

/** That there is a file matters; what is in it does not yet. */
function withoutFiles(form: FormData): FormData {
  const light = new FormData();
  for (const [name, value] of form)
    light.set(name, value instanceof File ? new File(["x"], value.name) : value);
  return light;
}

function Labels({
  labels,
  onLabels,
}: {
  labels: readonly { key: string; value: string }[];
  onLabels: (labels: readonly { key: string; value: string }[]) => void;
}) {
  const set = (at: number, change: Partial<{ key: string; value: string }>) =>
    onLabels(labels.map((label, place) => (place === at ? { ...label, ...change } : label)));
  return (
    <fieldset className={css.labels}>
      <legend className="visually-hidden">Labels</legend>
      {labels.map((label, at) => (
        <div key={at} className={css.label}>
          <input
            aria-label={`Key of label ${at + 1}`}
            placeholder="key"
            value={label.key}
            onChange={(event) => set(at, { key: event.target.value })}
          />
          <input
            aria-label={`Value of label ${at + 1}`}
            placeholder="value"
            value={label.value}
            onChange={(event) => set(at, { value: event.target.value })}
          />
          <IconButton
            label="Take out the label"
            onPress={() => onLabels(labels.filter((_, place) => place !== at))}
          >
            <X size={14} />
          </IconButton>
        </div>
      ))}
      <div>
        <Button small kind="quiet" onPress={() => onLabels([...labels, { key: "", value: "" }])}>
          <Plus size={13} /> Add a label
        </Button>
      </div>
    </fieldset>
  );
}

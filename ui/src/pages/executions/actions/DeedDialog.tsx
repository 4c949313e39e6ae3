/** Asks before something is done to an execution: what it means, what it needs to know, and why (a note). */
import { useMutation, useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { type ReactNode, useId, useMemo, useState } from "react";
import { get } from "~/api/client";
import { ApiError, messageOf } from "~/api/errors";
import type { Execution, Label } from "~/api/types";
import { Button } from "~/parts/Button";
import { Dialog } from "~/parts/Dialog";
import { InputFields, type InputOf, useInputForm } from "~/parts/inputs/InputFields";
import { ErrorBox, Loading } from "~/parts/Placeholders";
import { StateBadge } from "~/parts/StateBadge";
import css from "./Deed.module.css";
import type { Choice, Deed } from "./deeds";

const NOTE_MAX = 1_000;
const STATUSES = ["SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED"];

interface Props {
  deed: Deed;
  execution: Execution;
  onClose: () => void;
  onDone: (made: Execution | undefined) => void;
}

type Change = (part: Partial<Choice>) => void;

export function DeedDialog({ deed, execution, onClose, onDone }: Props) {
  const [choice, setChoice] = useState<Choice>(() => ({
    note: "",
    revision: null,
    taskRunId: "",
    status: STATUSES.find((each) => each !== execution.state.current)!,
    cascade: true,
    labels: execution.labels ?? [],
    form: new FormData(),
    deleteLogs: true,
    deleteMetrics: true,
    deleteStorage: true,
  }));
  const change: Change = (part) => setChoice((before) => ({ ...before, ...part }));
  const doing = useMutation({ mutationFn: () => deed.act(execution, choice), onSuccess: onDone });
  const formId = useId();
  return (
    <Dialog
      title={`${deed.title}: ${execution.flowId}`}
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>Cancel</Button>
          <FormButton form={formId} tone={deed.tone} busy={doing.isPending}>
            <deed.icon size={15} /> {deed.title}
          </FormButton>
        </>
      }
    >
      <form
        id={formId}
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (!doing.isPending) doing.mutate();
        }}
      >
        <p className={css.says}>{deed.says}</p>
        <Fields deed={deed} execution={execution} choice={choice} change={change} />
        <Field title="Note">
          {(id) => (
            <input
              id={id}
              value={choice.note}
              maxLength={NOTE_MAX}
              placeholder="Why? It is kept with the event"
              onChange={(event) => change({ note: event.target.value })}
            />
          )}
        </Field>
        {doing.isError && <Refused error={doing.error} />}
      </form>
    </Dialog>
  );
}

/** A submit button outside of its form. */
function FormButton({
  form,
  tone,
  busy,
  children,
}: {
  form: string;
  tone?: "danger";
  busy: boolean;
  children: ReactNode;
}) {
  return (
    <Button
      kind={tone ?? "primary"}
      isDisabled={busy}
      onPress={() => (document.getElementById(form) as HTMLFormElement | null)?.requestSubmit()}
    >
      {children}
    </Button>
  );
}

function Refused({ error }: { error: unknown }) {
  const more = error instanceof ApiError ? error.errors.slice(1) : [];
  return (
    <div role="alert" className={css.refused}>
      {messageOf(error)}
      {more.map((each) => (
        <p key={each.message}>{each.message}</p>
      ))}
    </div>
  );
}

function Field({ title, children }: { title: string; children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <div className={css.field}>
      <label htmlFor={id}>{title}</label>
      {children(id)}
    </div>
  );
}

interface FieldsProps {
  deed: Deed;
  execution: Execution;
  choice: Choice;
  change: Change;
}

function Fields(props: FieldsProps) {
  const { deed, execution, choice, change } = props;
  switch (deed.id) {
    case "resume":
      return <ResumeInputs execution={execution} onForm={(form) => change({ form })} />;
    case "restart":
      return <Revision {...props} />;
    case "replay":
      return (
        <>
          <FromTask {...props} />
          <Revision {...props} />
        </>
      );
    case "change-status":
      return (
        <>
          <p className={css.now}>
            Now <StateBadge state={execution.state.current} />
          </p>
          <Field title="New state">
            {(id) => (
              <select
                id={id}
                value={choice.status}
                onChange={(event) => change({ status: event.target.value })}
              >
                {STATUSES.filter((each) => each !== execution.state.current).map((state) => (
                  <option key={state}>{state}</option>
                ))}
              </select>
            )}
          </Field>
        </>
      );
    case "kill":
      return (
        <Tick
          title="Also the executions that it started"
          value={choice.cascade}
          onChange={(cascade) => change({ cascade })}
        />
      );
    case "labels":
      return <Labels labels={choice.labels} onLabels={(labels) => change({ labels })} />;
    case "delete":
      return (
        <>
          <Tick
            title="Its log, too"
            value={choice.deleteLogs}
            onChange={(deleteLogs) => change({ deleteLogs })}
          />
          <Tick
            title="Its metrics, too"
            value={choice.deleteMetrics}
            onChange={(deleteMetrics) => change({ deleteMetrics })}
          />
          <Tick
            title="Its files, too"
            value={choice.deleteStorage}
            onChange={(deleteStorage) => change({ deleteStorage })}
          />
        </>
      );
    default:
      return null;
  }
}

function Tick({
  title,
  value,
  onChange,
}: {
  title: string;
  value: boolean;
  onChange: (value: boolean) => void;
}) {
  return (
    <label className={css.tick}>
      <input type="checkbox" checked={value} onChange={(event) => onChange(event.target.checked)} />
      {title}
    </label>
  );
}

const CHOICES_MAX = 500;

function FromTask({ execution, choice, change }: FieldsProps) {
  const runs = execution.taskRunList ?? [];
  return (
    <Field title="Begin at">
      {(id) => (
        <select
          id={id}
          value={choice.taskRunId}
          onChange={(event) => change({ taskRunId: event.target.value })}
        >
          <option value="">the beginning</option>
          {runs.slice(0, CHOICES_MAX).map((run) => (
            <option key={run.id} value={run.id}>
              {run.taskId}
              {run.value === undefined ? "" : ` [${run.value}]`} · {run.state.current}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface FlowOf {
  revision: number;
  tasks?: readonly TaskOf[];
}
interface TaskOf {
  id: string;
  onResume?: readonly InputOf[];
  [name: string]: unknown;
}

function useFlow(execution: Execution, revision?: number) {
  const { namespace, flowId } = execution;
  return useQuery({
    queryKey: ["flows", "one", namespace, flowId, revision],
    queryFn: ({ signal }) =>
      get<FlowOf>(
        `/flows/${encodeURIComponent(namespace)}/${encodeURIComponent(flowId)}`,
        { revision, allowDeleted: true },
        signal,
      ),
  });
}

function Revision({ execution, choice, change }: FieldsProps) {
  const newest = useFlow(execution).data?.revision;
  if (newest === undefined || newest === execution.flowRevision) return null;
  return (
    <Field title="Revision">
      {(id) => (
        <select
          id={id}
          value={choice.revision ?? ""}
          onChange={(event) => change({ revision: event.target.value ? Number(event.target.value) : null })}
        >
          <option value="">{execution.flowRevision}, as it has run</option>
          <option value={newest}>{newest}, the newest</option>
        </select>
      )}
    </Field>
  );
}

/** What the Pause task asks for, as its flow says. */
function ResumeInputs({ execution, onForm }: { execution: Execution; onForm: (form: FormData) => void }) {
  const paused = execution.taskRunList?.find((run) => run.state.current === "PAUSED");
  const flow = useFlow(execution, execution.flowRevision);
  const inputs = useMemo(
    () => (paused && flow.data ? (taskOf(flow.data, paused.taskId)?.onResume ?? []) : []),
    [paused, flow.data],
  );
  const [values, setValue] = useInputForm(inputs, onForm);
  if (paused === undefined) return null;
  if (flow.isPending) return <Loading lines={2} what="what the pause asks for" />;
  if (flow.isError) return <ErrorBox error={flow.error} retry={() => void flow.refetch()} />;
  return (
    <>
      <p className={css.now}>
        Paused at <b>{paused.taskId}</b>
      </p>
      <InputFields inputs={inputs} values={values} onValue={setValue} />
    </>
  );
}

function taskOf(within: unknown, id: string): TaskOf | undefined {
  if (Array.isArray(within)) {
    for (const each of within) {
      const found = taskOf(each, id);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (typeof within !== "object" || within === null) return undefined;
  const task = within as TaskOf;
  if (task.id === id && typeof task.type === "string" && task.type.includes(".")) return task;
  return taskOf(Object.values(task), id);
}

function Labels({
  labels,
  onLabels,
}: {
  labels: readonly Label[];
  onLabels: (labels: readonly Label[]) => void;
}) {
  const [known] = useState(labels.length);
  const set = (at: number, part: Partial<Label>) =>
    onLabels(labels.map((label, place) => (place === at ? { ...label, ...part } : label)));
  return (
    <div className={css.labels}>
      {labels.map((label, at) => {
        const isSystem = label.key.startsWith("system.");
        return (
          <div key={at} className={css.label}>
            <input
              aria-label={`Key of label ${at + 1}`}
              value={label.key}
              readOnly={at < known}
              placeholder="key"
              onChange={(event) => set(at, { key: event.target.value })}
            />
            <input
              aria-label={`Value of ${label.key || `label ${at + 1}`}`}
              value={label.value}
              readOnly={isSystem}
              placeholder="value"
              onChange={(event) => set(at, { value: event.target.value })}
            />
          </div>
        );
      })}
      <Button small onPress={() => onLabels([...labels, { key: "", value: "" }])}>
        <Plus size={13} /> Add a label
      </Button>
    </div>
  );
}

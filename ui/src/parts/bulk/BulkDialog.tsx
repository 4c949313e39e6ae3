/**
 * A deed on many: what it would do to each, a note, then what became of each.
 *
 * The dry run comes from the same check as the deed. Very many are a job, whose progress is shown; it goes on
 * when the dialog is closed.
 */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useId, useState } from "react";
import {
  type BulkAnswer,
  type BulkKind,
  type Deed,
  type Target,
  useDeed,
  useDryRun,
  useJob,
} from "~/api/bulk";
import { toast } from "~/app/toasts";
import { Button } from "../Button";
import { Dialog } from "../Dialog";
import { ErrorBox, Loading } from "../Placeholders";
import { type Action, labelsOf } from "./actions";
import css from "./BulkDialog.module.css";
import { Results } from "./Results";

const END_STATES = ["SUCCESS", "WARNING", "FAILED", "CANCELLED", "SKIPPED", "KILLED"];

interface Props {
  kind: BulkKind;
  action: Action;
  target: Target;
  onClose: () => void;
  /** Something was done: the selection may go. */
  onDone?: () => void;
  /** How a row is called; without it, its id is shown. */
  nameOf?: (id: string) => ReactNode;
}

export function BulkDialog({ kind, action, target, onClose, onDone, nameOf }: Props) {
  const client = useQueryClient();
  const [state, setState] = useState("SUCCESS");
  const [labels, setLabels] = useState("");
  const [note, setNote] = useState("");
  const parameters = parametersOf(action, state, labels);
  const deed: Deed = { kind, action: action.id, target, parameters: parameters ?? {} };
  const doing = useDeed((answer) => {
    onDone?.();
    if (answer.job === undefined) renew(client, kind);
  });
  const dry = useDryRun(deed, parameters !== null && doing.isIdle);
  const possible = dry.data?.total === undefined ? (dry.data?.ok ?? 0) : dry.data.total;
  const answer = doing.data;
  return (
    <Dialog
      title={answer ? `${action.title}: ${answer.job ? "under way" : "done"}` : titleOf(action, dry.data)}
      isOpen
      onClose={onClose}
      wide
      actions={
        answer ? (
          <Button kind="primary" onPress={onClose}>
            Close
          </Button>
        ) : (
          <>
            <Button onPress={onClose}>Cancel</Button>
            <Button
              kind={action.danger ? "danger" : "primary"}
              isDisabled={dry.data === undefined || possible === 0 || doing.isPending}
              onPress={() => doing.mutate({ ...deed, note })}
            >
              {doing.isPending
                ? "Asking…"
                : `${action.title}${possible > 0 ? ` ${possible.toLocaleString()}` : ""}`}
            </Button>
          </>
        )
      }
    >
      {answer ? (
        <Done answer={answer} kind={kind} nameOf={nameOf} />
      ) : doing.isError ? (
        <ErrorBox error={doing.error} retry={() => doing.reset()} />
      ) : (
        <>
          <p className={css.says}>{action.says}</p>
          <Needs action={action} state={state} onState={setState} labels={labels} onLabels={setLabels} />
          <NoteField note={note} onNote={setNote} />
          <section className={css.dry} aria-label="Dry run">
            {parameters === null ? (
              <p className={css.hint}>Write labels to see what would happen.</p>
            ) : dry.isError ? (
              <ErrorBox error={dry.error} retry={() => void dry.refetch()} />
            ) : dry.data === undefined ? (
              <Loading lines={4} what="what would happen" />
            ) : (
              <Results
                head={dryText(dry.data)}
                ok={dry.data.ok ?? 0}
                refused={dry.data.refused ?? 0}
                results={dry.data.results}
                nameOf={nameOf}
                okWord="would be done"
              />
            )}
          </section>
        </>
      )}
    </Dialog>
  );
}

/** Counts and figures are asked for anew. The rows are live: they say what became of them and stay. */
function renew(client: QueryClient, kind: BulkKind) {
  void client.invalidateQueries({
    predicate: ({ queryKey: [of, what] }) => of === kind && what !== "search",
  });
}

const titleOf = (action: Action, dry: BulkAnswer | undefined) =>
  dry === undefined ? action.title : `${action.title} · ${(dry.total ?? dry.count).toLocaleString()} chosen`;

const dryText = (dry: BulkAnswer) =>
  dry.total !== undefined && dry.total > dry.count
    ? `A dry run on the first ${dry.count.toLocaleString()} of ${dry.total.toLocaleString()}: nothing has happened yet.`
    : "A dry run: nothing has happened yet.";

/** What the server is told besides; null: it is not said yet. */
function parametersOf(action: Action, state: string, labels: string): Record<string, unknown> | null {
  if (action.needs === "state") return { state };
  if (action.needs !== "labels") return {};
  const found = labelsOf(labels);
  return found && { labels: found };
}

function Needs(props: {
  action: Action;
  state: string;
  onState: (state: string) => void;
  labels: string;
  onLabels: (labels: string) => void;
}) {
  const id = useId();
  if (props.action.needs === "state") {
    return (
      <div className={css.field}>
        <label htmlFor={id}>New state</label>
        <select id={id} value={props.state} onChange={(event) => props.onState(event.target.value)}>
          {END_STATES.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </div>
    );
  }
  if (props.action.needs !== "labels") return null;
  return (
    <div className={css.field}>
      <label htmlFor={id}>Labels</label>
      <input
        id={id}
        value={props.labels}
        placeholder="team=blue, ticket=OPS-17"
        spellCheck={false}
        onChange={(event) => props.onLabels(event.target.value)}
      />
    </div>
  );
}

function NoteField({ note, onNote }: { note: string; onNote: (note: string) => void }) {
  const id = useId();
  return (
    <div className={css.field}>
      <label htmlFor={id}>Note</label>
      <input
        id={id}
        value={note}
        maxLength={1_000}
        placeholder="Why? It is kept with the events of each execution."
        onChange={(event) => onNote(event.target.value)}
      />
    </div>
  );
}

function Done({ answer, kind, nameOf }: { answer: BulkAnswer; kind: BulkKind; nameOf?: Props["nameOf"] }) {
  const client = useQueryClient();
  const job = useJob(answer.job?.id);
  const ended = job.data?.endedAt !== undefined;
  useEffect(() => {
    if (!ended) return;
    renew(client, kind);
    toast(`The job has ended: ${job.data?.ok} done, ${job.data?.refused} refused`, "good");
  }, [ended, client, kind, job.data?.ok, job.data?.refused]);
  if (answer.job === undefined) {
    return (
      <Results
        ok={answer.ok ?? 0}
        refused={answer.refused ?? 0}
        results={answer.results}
        nameOf={nameOf}
        okWord="asked for"
      />
    );
  }
  if (job.isError) return <ErrorBox error={job.error} retry={() => void job.refetch()} />;
  const { done = 0, total = answer.count, ok = 0, refused = 0, results = [], error } = job.data ?? {};
  return (
    <>
      <div className={css.progress}>
        <progress value={done} max={Math.max(1, total)} aria-label="Progress of the job" />
        <span>
          {done.toLocaleString()} of {total.toLocaleString()}
          {ended ? "" : ", going on if you close this"}
        </span>
      </div>
      {error && <p role="alert">{error}</p>}
      <Results ok={ok} refused={refused} results={results} nameOf={nameOf} okWord="asked for" />
    </>
  );
}

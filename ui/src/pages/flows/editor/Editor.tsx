/**
 * A flow's text, its graph beside it, and what is wrong with it, said as it is written.
 *
 * The page owns the text and what saving means.
 */
import type { CompletionSource } from "@codemirror/autocomplete";
import { type QueryFunctionContext, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, Info, Save, TriangleAlert, Undo2 } from "lucide-react";
import { type ReactNode, useMemo, useRef, useState } from "react";
import { get, send } from "~/api/client";
import { type Report, validate, YAML } from "~/api/flows";
import { useKeys } from "~/app/keys";
import { Button } from "~/parts/Button";
import { CodeEditor, type Mark } from "~/parts/code/CodeEditor";
import { FlowGraph, type FlowGraphJson } from "~/parts/FlowGraph";
import { Empty, Loading } from "~/parts/Placeholders";
import { useLater } from "~/parts/useLater";
import { useSearch } from "~/url/search";
import { completionsOf, hoverOf } from "./complete";
import css from "./Editor.module.css";
import { FlowSchema, type Schema } from "./schema";

const CHECK_AFTER_MS = 350;

interface Props {
  text: string;
  onText: (text: string) => void;
  /** As it is stored; "" for a new flow. */
  stored: string;
  onSave: () => void;
  saving: boolean;
  /** Why the server did not store it. */
  refused: string | null;
  actions?: ReactNode;
}

export function Editor({ text, onText, stored, onSave, saving, refused, actions }: Props) {
  const [params, change] = useSearch();
  const showGraph = params.get("graph") !== "off";
  const changed = text !== stored;
  const later = useLater(text, CHECK_AFTER_MS);
  const report = useReport(later);
  const problems = useMemo(() => problemsOf(report.data), [report.data]);
  const isValid = report.data !== undefined && !report.isPlaceholderData && problems.every(isNoError);
  const marks = useMemo(() => problems.filter((each) => each.line > 0), [problems]);
  const [goTo, setGoTo] = useState<{ line: number; column: number } | null>(null);
  const help = useHelp();
  const canSave = changed && !saving;
  useKeys("Editor", [
    { keys: "mod+s", does: "Save the flow", run: () => canSave && onSave() },
    {
      keys: "mod+shift+g",
      does: "Show or hide the graph",
      run: () => change({ graph: showGraph ? "off" : null }),
    },
  ]);
  return (
    <div className={css.editor}>
      <div className={css.bar}>
        <Verdict
          problems={problems}
          pending={report.isFetching || later !== text}
          empty={text.trim() === ""}
        />
        <span className={css.right}>
          {actions}
          <Button small pressed={showGraph} onPress={() => change({ graph: showGraph ? "off" : null })}>
            Graph
          </Button>
          {changed && stored !== "" && (
            <Button small onPress={() => onText(stored)}>
              <Undo2 size={13} /> Discard
            </Button>
          )}
          <Button small kind="primary" onPress={onSave} isDisabled={!canSave}>
            <Save size={13} /> {saving ? "Saving…" : changed ? "Save" : "Saved"}
          </Button>
        </span>
      </div>
      {refused !== null && (
        <p className={css.refused} role="alert">
          <CircleAlert size={14} aria-hidden /> <span>Not saved: {refused}</span>
        </p>
      )}
      <div className={css.parts} data-graph={showGraph || undefined}>
        <div className={css.text}>
          <CodeEditor
            label="The flow as YAML"
            language="yaml"
            value={text}
            onChange={onText}
            marks={marks}
            completions={help.completions}
            hover={help.hover}
            goTo={goTo}
          />
          {problems.length > 0 && <Problems problems={problems} onGo={setGoTo} />}
        </div>
        {showGraph && <Picture text={later} isValid={isValid} />}
      </div>
    </div>
  );
}

function useReport(text: string) {
  return useQuery({
    queryKey: ["flows", "validate", text],
    queryFn: () => validate(text),
    enabled: text.trim() !== "",
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30_000,
    placeholderData: (before) => before,
  });
}

type Problem = Mark & { path: string };
const isNoError = (problem: Problem) => problem.severity !== "error";

function problemsOf(reports: readonly Report[] | undefined): readonly Problem[] {
  return (reports ?? []).flatMap((report) => [
    ...(report.violations ?? []).map((each): Problem => ({ ...each, severity: "error" })),
    ...report.deprecationPaths.map((path): Problem => plain("warning", `${path} is deprecated`)),
    ...report.warnings.map((text): Problem => plain("warning", text)),
    ...report.infos.map((text): Problem => plain("info", text)),
  ]);
}

const plain = (severity: Mark["severity"], message: string): Problem => ({
  severity,
  message,
  path: "",
  line: 0,
  column: 0,
});

function Verdict({
  problems,
  pending,
  empty,
}: {
  problems: readonly Problem[];
  pending: boolean;
  empty: boolean;
}) {
  const errors = problems.filter((each) => each.severity === "error").length;
  const warnings = problems.length - errors;
  return (
    <span className={css.verdict} role="status" data-pending={pending || undefined}>
      {empty ? (
        <span>Write a flow</span>
      ) : errors > 0 ? (
        <span className={css.bad}>
          <CircleAlert size={14} aria-hidden /> {errors === 1 ? "1 error" : `${errors} errors`}
        </span>
      ) : (
        <span className={css.good}>
          <CircleCheck size={14} aria-hidden /> Valid
        </span>
      )}
      {warnings > 0 && (
        <span className={css.warn}>
          <TriangleAlert size={14} aria-hidden /> {warnings === 1 ? "1 note" : `${warnings} notes`}
        </span>
      )}
    </span>
  );
}

const ICONS = { error: CircleAlert, warning: TriangleAlert, info: Info };

function Problems({
  problems,
  onGo,
}: {
  problems: readonly Problem[];
  onGo: (place: { line: number; column: number }) => void;
}) {
  return (
    <ul className={css.problems} aria-label="Problems">
      {problems.map((problem, at) => {
        const Icon = ICONS[problem.severity];
        const words = (
          <>
            <Icon size={13} aria-hidden />
            <span className={css.where}>
              {problem.line > 0 ? `${problem.line}:${problem.column}` : ""}
              <span className="visually-hidden">{problem.severity}</span>
            </span>
            {problem.path && <code>{problem.path}</code>}
            <span className={css.message}>{problem.message}</span>
          </>
        );
        return (
          <li key={at} data-severity={problem.severity}>
            {problem.line > 0 ? (
              <button type="button" onClick={() => onGo({ line: problem.line, column: problem.column })}>
                {words}
              </button>
            ) : (
              <div>{words}</div>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** The graph of the text; while that is wrong, of the last one that was not. */
function Picture({ text, isValid }: { text: string; isValid: boolean }) {
  const last = useRef<FlowGraphJson>(null);
  const graph = useQuery({
    queryKey: ["flows", "graph of text", text],
    queryFn: () => send<FlowGraphJson>("POST", "/flows/graph", text, {}, YAML),
    enabled: isValid && text.trim() !== "",
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30_000,
    retry: false,
  });
  if (graph.data !== undefined) last.current = graph.data;
  const shown = graph.data ?? last.current;
  return (
    <section className={css.picture} aria-label="Graph of the flow">
      {shown === null ? (
        graph.isFetching ? (
          <Loading what="the graph" />
        ) : (
          <Empty title="No graph yet">It is drawn when the flow is valid.</Empty>
        )
      ) : (
        <FlowGraph graph={shown} />
      )}
      {shown !== null && graph.data === undefined && !isValid && (
        <p className={css.old}>The graph is of the last text that was valid.</p>
      )}
    </section>
  );
}

const SCHEMA = {
  queryKey: ["plugins", "schema", "flow"],
  queryFn: ({ signal }: QueryFunctionContext) => get<Schema>("/plugins/schemas/flow", {}, signal),
  staleTime: Number.POSITIVE_INFINITY,
};
const FUNCTIONS = {
  queryKey: ["expressions", "functions"],
  queryFn: ({ signal }: QueryFunctionContext) =>
    get<readonly { name: string; kind: string }[]>("/expressions/functions", {}, signal),
  staleTime: Number.POSITIVE_INFINITY,
};

/** What completion and hints know: the schema, and the functions of templates. Who types before it is there waits for it. */
function useHelp() {
  const client = useQueryClient();
  const schema = useQuery(SCHEMA);
  useQuery(FUNCTIONS);
  return useMemo(() => {
    const completions: CompletionSource = async (context) => {
      const known = Promise.all([client.ensureQueryData(SCHEMA), client.ensureQueryData(FUNCTIONS)]);
      const [flow, functions] = await known.catch(() => [{}, []] as const);
      const names = functions.filter((each) => each.kind === "function").map((each) => each.name);
      return completionsOf(new FlowSchema(flow), names)(context);
    };
    return { completions, hover: hoverOf(new FlowSchema(schema.data ?? {})) };
  }, [client, schema.data]);
}

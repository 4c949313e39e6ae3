/** Expressions, tried: a template, its variables (or those of a task run), and what comes out. All of it can be shared. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { get, post, send } from "~/api/client";
import { messageOf } from "~/api/errors";
import { executionPath } from "~/api/executions";
import type { Execution } from "~/api/types";
import { executionLink } from "~/app/links";
import { CodeEditor, type Mark } from "~/parts/code/CodeEditor";
import { Id } from "~/parts/Id";
import { JsonTree } from "~/parts/JsonTree";
import { Card, Page } from "~/parts/Page";
import { useLater } from "~/parts/useLater";
import { useSearch, useText } from "~/url/search";
import { Functions } from "./Functions";
import css from "./Playground.module.css";
import { placeOf, typeOf, variablesOf } from "./result";

const AFTER_MS = 300;
const TEMPLATE = "Hello {{ name | upper }}, you have {{ items | length }} things to do.";
const VARIABLES = '{\n  "name": "world",\n  "items": ["one", "two"]\n}';
/** Longer ones are tried, but do not go into the address. */
const SHARED_MAX = 4_000;

export function Component() {
  const [, change] = useSearch();
  const [template, setTemplate] = useShared("template", TEMPLATE);
  const [variables, setVariables] = useShared("variables", VARIABLES);
  const [source] = useText("from", "json");
  const [executionId] = useText("execution");
  const [taskRunId] = useText("taskRun");
  const ofRun = source === "execution";
  const asked = useLater(template, AFTER_MS);
  const given = useMemo(() => variablesOf(variables), [variables]);
  const result = useResult({
    template: asked,
    variables: useLater(variables, AFTER_MS),
    run: ofRun ? { executionId, taskRunId } : null,
  });
  const failed = result.data?.error;
  const marks = useMemo<readonly Mark[]>(
    () => (failed === undefined ? [] : [{ ...placeOf(failed, asked), message: failed, severity: "error" }]),
    [failed, asked],
  );
  return (
    <Page title="Playground" note={<span>Templates of flows, tried as they are written</span>}>
      <div className={css.parts}>
        <div className={css.left}>
          <Card fill label="Template">
            <h2 className={css.head}>Template</h2>
            <CodeEditor label="Template" value={template} onChange={setTemplate} marks={marks} wrap />
          </Card>
          <Card fill label="Variables">
            <div className={css.head}>
              <h2>Variables</h2>
              <span className={css.switch} role="group" aria-label="Where variables come from">
                <button type="button" aria-pressed={!ofRun} onClick={() => change({ from: null })}>
                  as JSON
                </button>
                <button type="button" aria-pressed={ofRun} onClick={() => change({ from: "execution" })}>
                  of a task run
                </button>
              </span>
            </div>
            {ofRun ? (
              <OfTaskRun executionId={executionId} taskRunId={taskRunId} />
            ) : (
              <>
                <CodeEditor
                  label="Variables as JSON"
                  value={variables}
                  onChange={setVariables}
                  language="yaml"
                  marks={given.mark}
                />
                {given.error !== null && (
                  <p className={css.wrong} role="alert">
                    {given.error}
                  </p>
                )}
              </>
            )}
          </Card>
        </div>
        <div className={css.right}>
          <Card label="Result">
            <h2 className={css.head}>
              Result
              {result.data !== undefined && failed === undefined && (
                <span className={css.type}>{typeOf(result.data.result)}</span>
              )}
            </h2>
            <div className={css.result} aria-live="polite" data-old={result.isPlaceholderData || undefined}>
              <Result
                failed={failed ?? (result.isError ? messageOf(result.error) : undefined)}
                value={result.data?.result}
                waits={result.data === undefined}
              />
            </div>
          </Card>
          <Functions
            onTry={(example) => {
              setTemplate(example);
            }}
          />
        </div>
      </div>
    </Page>
  );
}

/**
 * A text that the address holds, unless it is too long for one. It is written there when the typing rests, and read
 * from there only when something else (a link, Back) has changed it: else it would be a step behind the typing.
 */
function useShared(name: string, otherwise: string): [string, (text: string) => void] {
  const [inAddress, setAddress] = useText(name, otherwise);
  const [text, setText] = useState(inAddress);
  const written = useRef(inAddress);
  const later = useLater(text, AFTER_MS);
  // biome-ignore lint/correctness/useExhaustiveDependencies: written when the typing rests
  useEffect(() => {
    // An empty text is a text, too: a space stands for it, since addresses drop what is empty.
    const told = later === "" ? " " : later;
    if (told.length > SHARED_MAX || told === written.current) return;
    written.current = told;
    setAddress(told);
  }, [later]);
  useEffect(() => {
    if (inAddress === written.current) return;
    written.current = inAddress;
    setText(inAddress);
  }, [inAddress]);
  return [text, setText];
}

interface Tried {
  result?: unknown;
  error?: string;
}

function useResult(asked: {
  template: string;
  variables: string;
  run: { executionId: string; taskRunId: string } | null;
}) {
  const { template, variables, run } = asked;
  const given = variablesOf(variables);
  return useQuery({
    queryKey: ["expressions", "render", template, run ?? variables],
    queryFn: async (): Promise<Tried> => {
      if (run !== null) {
        const path = `${executionPath(run.executionId)}/eval/${encodeURIComponent(run.taskRunId)}`;
        return send<Tried>("POST", path, template, {}, "text/plain");
      }
      const asked = { template, variables: given.value, typed: true, tellErrors: true };
      return post<Tried>("/expressions/render", asked);
    },
    enabled: run === null ? given.error === null : run.executionId !== "" && run.taskRunId !== "",
    placeholderData: (before) => before,
    gcTime: 30_000,
  });
}

function Result({ failed, value, waits }: { failed?: string; value: unknown; waits: boolean }) {
  if (failed !== undefined)
    return (
      <pre className={css.failed} role="alert">
        {failed}
      </pre>
    );
  if (waits) return <p className={css.none}>The result comes here.</p>;
  if (typeof value === "object" && value !== null) return <JsonTree label="Result" value={value} open={3} />;
  return <pre tabIndex={0}>{value === null || value === undefined ? "null" : String(value)}</pre>;
}

/** Which task run's variables: of an execution whose id was given. */
function OfTaskRun({ executionId, taskRunId }: { executionId: string; taskRunId: string }) {
  const [, change] = useSearch();
  const found = useQuery({
    queryKey: ["executions", "one", executionId],
    queryFn: ({ signal }) => get<Execution>(executionPath(executionId), {}, signal),
    enabled: executionId !== "",
    retry: false,
  });
  const newest = useQuery({
    queryKey: ["executions", "newest for the playground"],
    queryFn: ({ signal }) =>
      get<{ results: readonly Execution[] }>(
        "/executions/search",
        { size: 25, sort: "state.startDate:desc" },
        signal,
      ),
  });
  const runs = found.data?.taskRunList ?? [];
  return (
    <div className={css.form}>
      <label>
        Execution
        <input
          list="executions"
          value={executionId}
          placeholder="Its id; the newest ones are offered"
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => change({ execution: event.target.value.trim(), taskRun: null })}
        />
        <datalist id="executions">
          {newest.data?.results.map((each) => (
            <option key={each.id} value={each.id}>
              {each.flowId} {each.state.current}
            </option>
          ))}
        </datalist>
      </label>
      {found.isError && (
        <p className={css.wrong} role="alert">
          {messageOf(found.error)}
        </p>
      )}
      {found.data && (
        <>
          <label>
            Task run
            <select value={taskRunId} onChange={(event) => change({ taskRun: event.target.value })}>
              <option value="">choose one of {runs.length}</option>
              {runs.map((run) => (
                <option key={run.id} value={run.id}>
                  {run.taskId}
                  {run.value !== undefined && ` · ${run.value}`} ({run.state.current})
                </option>
              ))}
            </select>
          </label>
          <p>
            {found.data.namespace}.{found.data.flowId}:{" "}
            <Id id={found.data.id} to={executionLink(found.data.id, taskRunId || undefined)} whole />
          </p>
        </>
      )}
    </div>
  );
}

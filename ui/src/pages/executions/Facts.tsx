/** What an execution is and where it comes from, in one line or two. */
import { useQuery } from "@tanstack/react-query";
import { CornerLeftUp, GitFork, RotateCw, Zap } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { get } from "~/api/client";
import { type Execution, hasEnded, type Paged } from "~/api/types";
import { executionLink, flowLink } from "~/app/links";
import { Id } from "~/parts/Id";
import { Instant } from "~/parts/Time";
import { useSearchHref } from "~/url/search";
import css from "./Execution.module.css";

const EVERY_MS = 5_000;
const CHILDREN_MAX = 100;

/** The executions that this one started. */
export function useChildren(execution: Execution) {
  return useQuery({
    queryKey: ["executions", "children", execution.id],
    queryFn: ({ signal }) =>
      get<Paged<Execution>>(
        "/executions/search",
        { triggerExecutionId: execution.id, size: CHILDREN_MAX, sort: "state.startDate:desc" },
        signal,
      ),
    refetchInterval: hasEnded(execution.state.current) ? false : EVERY_MS,
  });
}

export function Facts({ execution }: { execution: Execution }) {
  const hrefOf = useSearchHref();
  const children = useChildren(execution);
  const { trigger, parentId } = execution;
  const starter = trigger?.variables?.executionId;
  const own = execution.labels?.filter((label) => !label.key.startsWith("system.")) ?? [];
  const inputs = Object.entries(execution.inputs ?? {});
  return (
    <dl className={css.facts} aria-label="About the execution">
      <Fact title="Flow">
        <Link to={flowLink(execution.namespace, execution.flowId)}>
          {execution.namespace}.{execution.flowId}
        </Link>{" "}
        <Link
          to={`${flowLink(execution.namespace, execution.flowId)}?tab=revisions&revision=${execution.flowRevision}`}
          className={css.revision}
        >
          revision {execution.flowRevision}
        </Link>
      </Fact>
      <Fact title="Started">
        <Instant at={execution.state.startDate} />
      </Fact>
      {trigger && (
        <Fact title="Trigger">
          <Zap size={12} aria-hidden /> {trigger.id}{" "}
          <span className={css.quiet}>{trigger.type.split(".").at(-1)}</span>
        </Fact>
      )}
      {typeof starter === "string" && (
        <Fact title="Started by">
          <CornerLeftUp size={12} aria-hidden /> <Id id={starter} to={executionLink(starter)} />
        </Fact>
      )}
      {parentId !== undefined && (
        <Fact title="Replay of">
          <RotateCw size={12} aria-hidden /> <Id id={parentId} to={executionLink(parentId)} />
        </Fact>
      )}
      {(children.data?.total ?? 0) > 0 && (
        <Fact title="Started">
          <GitFork size={12} aria-hidden />{" "}
          <Link to={hrefOf({ tab: "details" })}>{children.data!.total.toLocaleString()} executions</Link>
        </Fact>
      )}
      {inputs.length > 0 && (
        <Fact title="Inputs">
          <Link to={hrefOf({ tab: "details" })} className={css.inputs}>
            {inputs.slice(0, INPUTS_SHOWN).map(([name, value]) => (
              <span key={name}>
                {name}=<b>{shortText(value)}</b>
              </span>
            ))}
            {inputs.length > INPUTS_SHOWN && <span>+{inputs.length - INPUTS_SHOWN}</span>}
          </Link>
        </Fact>
      )}
      {own.length > 0 && (
        <Fact title="Labels">
          {own.map((label) => (
            <Link
              key={label.key}
              className={css.label}
              to={`/executions?query=${encodeURIComponent(`label:${label.key}=${label.value}`)}`}
            >
              {label.key}={label.value}
            </Link>
          ))}
        </Fact>
      )}
    </dl>
  );
}

const INPUTS_SHOWN = 3;
const TEXT_SHOWN = 28;

function shortText(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > TEXT_SHOWN ? `${text.slice(0, TEXT_SHOWN)}…` : text;
}

function Fact({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}

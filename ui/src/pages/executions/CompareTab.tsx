/** This execution beside another of its flow, the last good one before it unless another is chosen: task by task. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link } from "react-router";
import { get } from "~/api/client";
import { type Diff, type Look, type TaskRunDiff, useDiff } from "~/api/events";
import { type Execution, hasEnded, type Paged } from "~/api/types";
import { executionLink } from "~/app/links";
import { useStore } from "~/app/store";
import type { Column } from "~/parts/columns";
import { Dialog } from "~/parts/Dialog";
import { JsonTree } from "~/parts/JsonTree";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { StateBadge } from "~/parts/StateBadge";
import { VirtualTable } from "~/parts/VirtualTable";
import { durationText } from "~/time/duration";
import { instantText, zone } from "~/time/zone";
import { useSearchHref, useText } from "~/url/search";
import css from "./Compare.module.css";
import { changeOf } from "./events/TimeBar";

const OTHERS = 30;

/** Executions of the flow that began before this one, the newest first. */
function useOthers(execution: Execution) {
  const { namespace, flowId, id } = execution;
  return useQuery({
    queryKey: ["executions", "others", id],
    queryFn: async ({ signal }) => {
      const ask = (state?: string) =>
        get<Paged<Execution>>(
          "/executions/search",
          {
            query: `namespace:"${namespace}" flow:"${flowId}" -id:${id}${state ? ` state:${state}` : ""}`,
            endDate: state ? execution.state.startDate : undefined,
            sort: "state.startDate:desc",
            size: state ? 1 : OTHERS,
          },
          signal,
        );
      const [good, all] = await Promise.all([ask("SUCCESS"), ask()]);
      return { good: good.results[0], all: all.results };
    },
    staleTime: 60_000,
  });
}

export function CompareTab({ execution }: { execution: Execution }) {
  const others = useOthers(execution);
  const of = useStore(zone);
  const [chosen, setChosen] = useText("with");
  const [only, setOnly] = useText("only", "differences");
  const otherId = chosen || (others.data?.good?.id ?? "");
  const diff = useDiff(
    execution.id,
    { with: otherId },
    otherId !== "",
    hasEnded(execution.state.current) ? null : changeOf(execution),
  );
  if (others.isPending) return <Loading what="the other executions of the flow" />;
  if (others.isError) return <ErrorBox error={others.error} retry={() => void others.refetch()} />;
  const { good, all } = others.data;
  const offered = [...(good && !all.some((each) => each.id === good.id) ? [good] : []), ...all];
  return (
    <div className={css.compare}>
      <div className={css.bar}>
        <label className={css.with}>
          Beside
          <select
            value={otherId}
            aria-label="The other execution"
            onChange={(event) => setChosen(event.target.value === good?.id ? null : event.target.value)}
          >
            {otherId === "" && <option value="">choose an execution</option>}
            {otherId !== "" && !offered.some((each) => each.id === otherId) && (
              <option value={otherId}>{otherId}</option>
            )}
            {offered.map((each) => (
              <option key={each.id} value={each.id}>
                {each.state.current} · {instantText(new Date(each.state.startDate), of)} · revision{" "}
                {each.flowRevision}
                {each.id === good?.id ? " · the last good one" : ""}
              </option>
            ))}
          </select>
        </label>
        {otherId !== "" && <Link to={executionLink(otherId)}>Open it</Link>}
        <label className={css.only}>
          <input
            type="checkbox"
            checked={only === "differences"}
            onChange={(event) => setOnly(event.target.checked ? null : "all")}
          />
          Only what differs
        </label>
      </div>
      {otherId === "" ? (
        <Empty title={all.length === 0 ? "Nothing to compare with" : "No good one before it"}>
          {all.length === 0
            ? "This is the only execution of its flow."
            : "None of the flow's executions before this one ended in SUCCESS. Choose another above."}
        </Empty>
      ) : diff.isPending ? (
        <Loading what="the differences" />
      ) : diff.isError ? (
        <ErrorBox error={diff.error} retry={() => void diff.refetch()} />
      ) : (
        <Compared diff={diff.data} all={only !== "differences"} />
      )}
    </div>
  );
}

interface Pair extends TaskRunDiff {
  key: string;
  changed: readonly string[];
  /** Of the times: null where one is missing. */
  deltaMs: number | null;
}

const NOTABLE_MS = 1_000;
const NOTABLE_FACTOR = 1.5;

function pairOf(each: TaskRunDiff): Pair {
  const { before, after } = each;
  return {
    ...each,
    key: after?.id ?? before?.id ?? "",
    changed: changedKeys(before, after),
    deltaMs: before && after ? after.durationMs - before.durationMs : null,
  };
}

function changedKeys(before: Look | null, after: Look | null): string[] {
  const [old, now] = [before?.outputs ?? {}, after?.outputs ?? {}];
  const names = new Set([...Object.keys(old), ...Object.keys(now)]);
  return [...names].filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]));
}

/** Small differences of time are noise. */
function isNotable({ before, after, deltaMs }: Pair): boolean {
  if (deltaMs === null || !before || !after) return false;
  const [low, high] = [before.durationMs, after.durationMs].toSorted((one, other) => one - other) as [
    number,
    number,
  ];
  return high - low >= NOTABLE_MS && high >= low * NOTABLE_FACTOR;
}

const differs = (pair: Pair): boolean =>
  pair.before === null ||
  pair.after === null ||
  pair.before.state !== pair.after.state ||
  pair.before.attempts !== pair.after.attempts ||
  pair.before.error !== pair.after.error ||
  pair.changed.length > 0 ||
  isNotable(pair);

function Compared({ diff, all }: { diff: Diff; all: boolean }) {
  const hrefOf = useSearchHref();
  const [openId] = useText("open");
  const [shown, setShown] = useState<Pair | "inputs" | "outputs" | "labels" | null>(null);
  const pairs = useMemo(() => diff.taskRuns.map(pairOf), [diff]);
  const rows = useMemo(() => (all ? pairs : pairs.filter(differs)), [pairs, all]);
  const columns = useMemo(() => columnsOf(setShown), []);
  const sides = sidesOf(shown, diff);
  return (
    <>
      <div className={css.points}>
        <Side title="Before" point={diff.from} />
        <Side title="This one" point={diff.to} />
        {diff.from.flowRevision !== diff.to.flowRevision && (
          <span className={css.notable}>
            revision {diff.from.flowRevision} → {diff.to.flowRevision}
          </span>
        )}
        {(["inputs", "outputs", "labels"] as const)
          .filter((name) => isSaid(diff, name))
          .map((name) => (
            <button key={name} type="button" className={css.more} onClick={() => setShown(name)}>
              {name === "outputs" ? "flow outputs" : name} differ
            </button>
          ))}
      </div>
      <VirtualTable
        label="Task runs side by side"
        columns={columns}
        shown={COLUMN_IDS}
        rows={rows}
        idOf={keyOf}
        linkOf={(pair) => hrefOf({ open: pair.after?.id ?? pair.before?.id })}
        openId={openId || null}
        empty={
          <Empty title="No difference">
            States, attempts, outputs and errors are the same, and no time differs much.
          </Empty>
        }
        foot={`${rows.length.toLocaleString()} of ${pairs.length.toLocaleString()} task runs`}
      />
      {shown !== null && sides !== null && (
        <Dialog title={sides.title} isOpen wide onClose={() => setShown(null)}>
          <div className={css.sides}>
            <section>
              <h3>Before</h3>
              <JsonTree label="Before" value={sides.before ?? null} open={3} />
            </section>
            <section>
              <h3>This one</h3>
              <JsonTree label="This one" value={sides.after ?? null} open={3} />
            </section>
          </div>
        </Dialog>
      )}
    </>
  );
}

/** Labels of the system are never the same. */
function isSaid(diff: Diff, name: "inputs" | "outputs" | "labels"): boolean {
  const of = diff[name];
  if (of === undefined || name !== "labels") return of !== undefined;
  const own = (labels: unknown) =>
    Object.entries((labels ?? {}) as Record<string, string>).filter(([key]) => !key.startsWith("system."));
  return JSON.stringify(own(of.before)) !== JSON.stringify(own(of.after));
}

function sidesOf(shown: Pair | "inputs" | "outputs" | "labels" | null, diff: Diff) {
  if (shown === null) return null;
  if (typeof shown === "string") {
    const of = diff[shown];
    return {
      title: `${shown.charAt(0).toUpperCase()}${shown.slice(1)}`,
      before: of?.before,
      after: of?.after,
    };
  }
  const only = (look: Look | null) =>
    Object.fromEntries(Object.entries(look?.outputs ?? {}).filter(([name]) => shown.changed.includes(name)));
  return {
    title: `Outputs of ${shown.taskId} that differ`,
    before: only(shown.before),
    after: only(shown.after),
  };
}

function Side({ title, point }: { title: string; point: Diff["from"] }) {
  return (
    <span className={css.point}>
      <span className={css.quiet}>{title}</span>
      <StateBadge state={point.state} />
      {point.taskRunCount.toLocaleString()} task runs
    </span>
  );
}

const keyOf = (pair: Pair) => pair.key;
const COLUMN_IDS = ["task", "before", "after", "duration", "delta", "attempts", "outputs"];

function columnsOf(onOutputs: (pair: Pair) => void): readonly Column<Pair>[] {
  return [
    {
      id: "task",
      title: "Task",
      width: 170,
      grow: 2,
      primary: true,
      cell: ({ taskId, values }) => (
        <>
          {taskId}
          {values.length > 0 && <span className={css.value}>{values.join(" / ")}</span>}
        </>
      ),
    },
    { id: "before", title: "Before", width: 112, cell: ({ before }) => <StateOf look={before} /> },
    { id: "after", title: "This one", width: 112, cell: ({ after }) => <StateOf look={after} /> },
    {
      id: "duration",
      title: "Duration",
      width: 170,
      align: "end",
      cell: ({ before, after }) => (
        <span className={css.times}>
          {before ? durationText(before.durationMs) : "–"} → {after ? durationText(after.durationMs) : "–"}
        </span>
      ),
    },
    { id: "delta", title: "Change", width: 104, align: "end", cell: (pair) => <Delta pair={pair} /> },
    {
      id: "attempts",
      title: "Attempts",
      width: 84,
      align: "end",
      cell: ({ before, after }) =>
        before?.attempts === after?.attempts ? (
          (after?.attempts ?? 0)
        ) : (
          <b>
            {before?.attempts ?? "–"} → {after?.attempts ?? "–"}
          </b>
        ),
    },
    {
      id: "outputs",
      title: "Outputs, error",
      width: 200,
      grow: 2,
      cell: (pair) => (
        <>
          {pair.changed.length > 0 && (
            <button type="button" className={css.more} onClick={() => onOutputs(pair)}>
              {pair.changed.length === 1 ? `${pair.changed[0]} differs` : `${pair.changed.length} differ`}
            </button>
          )}
          {pair.after?.error && <span className={css.error}>{pair.after.error}</span>}
        </>
      ),
    },
  ];
}

const StateOf = ({ look }: { look: Look | null }) =>
  look === null ? <i className={css.quiet}>did not run</i> : <StateBadge state={look.state} plain />;

function Delta({ pair }: { pair: Pair }) {
  const { deltaMs, before, after } = pair;
  if (deltaMs === null || !before || !after) return null;
  const slower = deltaMs > 0;
  if (Math.abs(deltaMs) < 1) return null;
  return (
    <span className={isNotable(pair) ? (slower ? css.slower : css.faster) : css.quiet}>
      {slower ? "+" : "−"}
      {durationText(Math.abs(deltaMs))}
    </span>
  );
}

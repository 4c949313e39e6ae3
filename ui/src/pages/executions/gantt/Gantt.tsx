/**
 * The task runs of an execution over time, every attempt with its waiting. Only rows in sight exist.
 *
 * The wheel scrolls; with Ctrl or Alt it zooms at the pointer, with Shift it moves along. What is dragged over
 * the axis becomes the window. `j k` move, `enter` opens, left and right fold; `+ - 0` zoom.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronsDownUp, ChevronsUpDown, Maximize2, Search, ZoomIn, ZoomOut } from "lucide-react";
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { useHref, useNavigate } from "react-router";
import { type Execution, hasEnded, type State, type TaskRun } from "~/api/types";
import { useKeys } from "~/app/keys";
import { IconButton } from "~/parts/Button";
import { Empty } from "~/parts/Placeholders";
import { lookOf } from "~/parts/states";
import { useNow } from "~/time/now";
import { useList, useSearchHref, useText, useTyped } from "~/url/search";
import { Axis, Grid } from "./Axis";
import css from "./Gantt.module.css";
import { GanttRow, RUN } from "./GanttRow";
import { type Folding, found, type Row, rowsOf, timesOf, treeOf, wayTo } from "./rows";
import { useWindow } from "./window";

const ROW = 28;
const OVERSCAN = 5;
/** Rows that leave at one end come in again at the other, instead of being made anew. */
const SLOTS = 64;
const NO_RUNS: readonly TaskRun[] = [];

interface Props {
  /** As it is drawn: now, or as it was. */
  execution: Execution;
  /** The axis stays that of the whole execution while one looks at its past. */
  axis: Execution;
  /** The moment that is looked at; null: now. */
  at: number | null;
}

export function Gantt({ execution, axis, at }: Props) {
  const runs = execution.taskRunList ?? NO_RUNS;
  const [typed, setWords] = useTyped("task");
  const words = useDeferredValue(typed);
  const [states, setStates] = useList("states", NO_STATES);
  const [folds, setFolds] = useText("fold", "auto");
  const [openId] = useText("open");
  const [marked] = useText("taskRun");
  const [turned, setTurned] = useState<ReadonlySet<string>>(new Set());
  const tree = useMemo(() => treeOf(runs), [runs]);
  const filtered = words.trim() !== "" || states.length > 0;
  const rows = useMemo(
    () =>
      filtered
        ? flat(found(runs, words, new Set(states)))
        : rowsOf(tree, { all: folds as Folding["all"], turned }),
    [filtered, runs, words, states, tree, folds, turned],
  );

  const isLive = at === null && !hasEnded(axis.state.current);
  const now = useNow(isLive ? 250 : STILL_MS);
  const span = useMemo(() => spanOf(axis), [axis]);
  const end = Math.max(span.to ?? now, span.from + 1);
  const zoom = useWindow(span.from, end);
  const until = at ?? (isLive ? now : end);

  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: OVERSCAN,
    scrollPaddingStart: 34,
    useFlushSync: false,
  });
  // Scrolling never waits for rows: they are drawn a few at a time, between frames.
  const items = useDeferredValue(virtual.getVirtualItems());
  const slots = SLOTS * Math.ceil((items.length + 1) / SLOTS);
  const toggle = useCallback(
    (id: string) =>
      setTurned((before) => {
        const next = new Set(before);
        if (!next.delete(id)) next.add(id);
        return next;
      }),
    [],
  );
  const hrefOf = useSearchHref();
  const href = useHref(hrefOf({ open: RUN }));
  const navigate = useNavigate();
  const ticks = useTicks(plot, rows.length === 0);
  const { cursor, setCursor } = useRowKeys(rows, virtual.scrollToIndex, toggle, zoom, openId);
  useWheel(box, plot, zoom);

  // The way to a task run that someone points at is opened once, and it is scrolled to.
  const shownId = useRef("");
  useEffect(() => {
    if (marked === "" || shownId.current === marked || runs.length === 0) return;
    const place = rows.findIndex((row) => row.id === marked);
    if (place >= 0) {
      shownId.current = marked;
      virtual.scrollToIndex(place, { align: "center" });
      return;
    }
    const shut = wayTo(marked, runs).filter((id) => !rows.some((row) => row.id === id && row.isOpen));
    const next = shut.findLast((id) => rows.some((row) => row.id === id));
    if (next !== undefined) toggle(next);
  }, [marked, rows, runs, toggle, virtual]);

  return (
    <div className={css.gantt}>
      <div className={css.bar} role="toolbar" aria-label="Gantt">
        <label className={css.search}>
          <Search size={14} aria-hidden />
          <input
            type="search"
            aria-label="Find tasks"
            placeholder="Task or value"
            value={typed}
            onChange={(event) => setWords(event.target.value)}
          />
        </label>
        <StateChips runs={runs} chosen={states} onChosen={setStates} />
        <span className={css.tools}>
          <IconButton
            small
            label="Unfold all"
            onPress={() => {
              setTurned(new Set());
              setFolds("open");
            }}
          >
            <ChevronsUpDown size={14} />
          </IconButton>
          <IconButton
            small
            label="Fold all"
            onPress={() => {
              setTurned(new Set());
              setFolds("folded");
            }}
          >
            <ChevronsDownUp size={14} />
          </IconButton>
          <span className={css.gap} />
          <IconButton small label="Zoom in (+)" onPress={() => zoom.scale(0.5)}>
            <ZoomIn size={14} />
          </IconButton>
          <IconButton small label="Zoom out (-)" onPress={() => zoom.scale(2)} isDisabled={!zoom.isZoomed}>
            <ZoomOut size={14} />
          </IconButton>
          <IconButton small label="Fit (0)" onPress={zoom.fit} isDisabled={!zoom.isZoomed}>
            <Maximize2 size={13} />
          </IconButton>
        </span>
      </div>
      {rows.length === 0 ? (
        <Empty title={filtered ? "No task run matches" : "No task runs yet"}>
          {filtered
            ? "Take a word or a state out."
            : isLive
              ? "They appear as soon as the first task begins."
              : "This execution ended before a task began."}
        </Empty>
      ) : (
        <div
          ref={box}
          className={css.box}
          role="treegrid"
          aria-label="Task runs over time"
          aria-rowcount={rows.length + 1}
          tabIndex={0}
        >
          <div className={css.head} role="row" aria-rowindex={1}>
            <div role="columnheader" className={css.name}>
              Task
            </div>
            <div role="columnheader" className={css.state}>
              State
            </div>
            <div role="columnheader" className={css.plot} ref={plot} aria-label="Time since the start">
              <Axis
                most={ticks}
                from={zoom.from}
                to={zoom.to}
                start={span.from}
                onWindow={zoom.set}
                onFit={zoom.fit}
              />
            </div>
            <div role="columnheader" className={css.lasted}>
              Duration
            </div>
          </div>
          {/* biome-ignore lint/a11y/useKeyWithClickEvents: links are what is clicked, and they answer keys; this hears it for all */}
          <div
            className={css.rows}
            style={{ height: virtual.getTotalSize() }}
            role="rowgroup"
            onClick={(event) => {
              const id = (event.target as Element).closest<HTMLElement>("a[data-run]")?.dataset.run;
              if (id === undefined || isForBrowser(event)) return;
              event.preventDefault();
              setCursor(id);
              void navigate(hrefOf({ open: id }));
            }}
          >
            <Grid
              most={ticks}
              from={zoom.from}
              to={zoom.to}
              start={span.from}
              now={at ?? (isLive ? now : null)}
            />
            {items.map((item) => {
              const row = rows[item.index];
              if (row === undefined) return null;
              return (
                <GanttRow
                  key={item.index % slots}
                  row={row}
                  index={item.index}
                  top={item.start}
                  height={ROW}
                  from={zoom.from}
                  to={zoom.to}
                  until={row.to === null || at !== null ? until : 0}
                  isCursor={cursor === row.id}
                  isOpen={openId === row.id}
                  isMarked={marked === row.id}
                  href={href}
                  onToggle={toggle}
                />
              );
            })}
          </div>
        </div>
      )}
    </div>
  );
}

/** A new tab, a new window, a download. */
const isForBrowser = (event: React.MouseEvent) =>
  event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;

const TICK_PX = 92;

/** How many words the axis has room for. */
function useTicks(plot: React.RefObject<HTMLDivElement | null>, isGone: boolean): number {
  const [ticks, setTicks] = useState(6);
  useEffect(() => {
    const box = plot.current;
    if (box === null || isGone) return;
    const watch = new ResizeObserver(() => setTicks(Math.max(2, Math.floor(box.clientWidth / TICK_PX))));
    watch.observe(box);
    return () => watch.disconnect();
  }, [plot, isGone]);
  return ticks;
}

const STILL_MS = 86_400_000;
const NO_STATES: readonly string[] = [];

function flat(runs: readonly TaskRun[]): Row[] {
  return runs.map((run) => ({
    ...timesOf(run),
    id: run.id,
    depth: 0,
    kind: "taskrun",
    title: run.taskId,
    value: run.value,
    run,
    state: run.state.current,
    isOpen: false,
    hasChildren: false,
  }));
}

/** From the first thing that happened to the last; `to` is null as long as it goes on. */
function spanOf(execution: Execution): { from: number; to: number | null } {
  const runs = execution.taskRunList ?? NO_RUNS;
  let from = Date.parse(execution.state.startDate);
  let last = Date.parse(execution.state.histories.at(-1)!.date);
  for (const run of runs) {
    const times = timesOf(run);
    // A replay begins with task runs of the execution before it.
    if (times.from < from) from = times.from;
    if (times.to !== null && times.to > last) last = times.to;
  }
  return { from, to: hasEnded(execution.state.current) ? last : null };
}

function StateChips({
  runs,
  chosen,
  onChosen,
}: {
  runs: readonly TaskRun[];
  chosen: readonly string[];
  onChosen: (states: readonly string[]) => void;
}) {
  const counts = useMemo(() => {
    const found = new Map<State, number>();
    for (const run of runs) found.set(run.state.current, (found.get(run.state.current) ?? 0) + 1);
    return [...found].sort((one, other) => other[1] - one[1]);
  }, [runs]);
  const shown = [
    ...counts,
    ...chosen.filter((state) => !counts.some(([each]) => each === state)).map((state) => [state, 0] as const),
  ];
  return (
    <span className={css.chips} role="group" aria-label="Only these states">
      {shown.map(([state, count]) => {
        const { hue, icon: Icon } = lookOf(state);
        const isChosen = chosen.includes(state);
        return (
          <button
            key={state}
            type="button"
            className={css.chip}
            data-hue={hue}
            aria-pressed={isChosen}
            onClick={() => onChosen(isChosen ? chosen.filter((each) => each !== state) : [...chosen, state])}
          >
            <Icon size={12} strokeWidth={2.4} aria-hidden /> {count.toLocaleString()} {state}
          </button>
        );
      })}
    </span>
  );
}

type Zoom = ReturnType<typeof useWindow>;

function useRowKeys(
  rows: readonly Row[],
  scrollTo: (index: number, options: { align: "auto" }) => void,
  toggle: (id: string) => void,
  zoom: Zoom,
  openId: string,
) {
  const [cursor, setCursor] = useState<string | null>(openId || null);
  const navigate = useNavigate();
  const hrefOf = useSearchHref();
  const index = cursor === null ? -1 : rows.findIndex((row) => row.id === cursor);
  const row = rows[index];
  const open = (id: string, replace: boolean) => void navigate(hrefOf({ open: id }), { replace });
  const move = (by: number) => {
    const next = rows[Math.max(0, Math.min(rows.length - 1, index + by))];
    if (next === undefined) return;
    setCursor(next.id);
    scrollTo(rows.indexOf(next), { align: "auto" });
    if (openId && next.kind === "taskrun") open(next.id, true);
  };
  const fold = (isOpen: boolean) => {
    if (row?.hasChildren && row.isOpen === isOpen) toggle(row.id);
  };
  useKeys("Gantt", [
    { keys: "j", does: "Next row", run: () => move(1) },
    { keys: "k", does: "Row before", run: () => move(-1) },
    { keys: "down", does: "Next row", run: () => move(1) },
    { keys: "up", does: "Row before", run: () => move(-1) },
    { keys: "right", does: "Unfold", run: () => fold(false) },
    { keys: "left", does: "Fold", run: () => fold(true) },
    {
      keys: "enter",
      does: "Open the task run",
      run: () => row && (row.kind === "taskrun" ? open(row.id, false) : toggle(row.id)),
      off: row === undefined,
    },
    { keys: "+", does: "Zoom in", run: () => zoom.scale(0.5) },
    { keys: "-", does: "Zoom out", run: () => zoom.scale(2) },
    { keys: "0", does: "Fit", run: zoom.fit },
  ]);
  return { cursor, setCursor };
}

/** Ctrl or Alt and the wheel zoom, Shift and the wheel move along. */
function useWheel(
  box: React.RefObject<HTMLDivElement | null>,
  plot: React.RefObject<HTMLDivElement | null>,
  zoom: Zoom,
) {
  const latest = useRef(zoom);
  useEffect(() => {
    latest.current = zoom;
  });
  useEffect(() => {
    const onWheel = (event: WheelEvent) => {
      const area = plot.current?.getBoundingClientRect();
      if (area === undefined || !(event.target instanceof Node) || !box.current?.contains(event.target))
        return;
      const along = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (event.ctrlKey || event.metaKey || event.altKey) {
        event.preventDefault();
        const place = Math.max(0, Math.min(1, (event.clientX - area.left) / area.width));
        latest.current.scale(1.0015 ** event.deltaY, place);
      } else if (Math.abs(along) > Math.abs(event.shiftKey ? 0 : event.deltaY) && latest.current.isZoomed) {
        event.preventDefault();
        latest.current.move(along / area.width);
      }
    };
    // The box comes and goes with its rows: the document stays.
    document.addEventListener("wheel", onWheel, { passive: false });
    return () => document.removeEventListener("wheel", onWheel);
  }, [box, plot]);
}

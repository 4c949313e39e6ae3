/** The canvas of the chart; loaded when there is something to draw. */
import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { type Bucket, STATES, type State } from "~/api/types";
import { useStore } from "~/app/store";
import { shownTheme } from "~/app/theme";
import { durationText } from "~/time/duration";
import { instantText, minuteText, tickText, type Zone, zone } from "~/time/zone";
import { StateBadge } from "./StateBadge";
import type { StateChartProps } from "./StateChart";
import css from "./StateChart.module.css";
import { STATE_LOOK } from "./states";

/** From the bottom up: what went well is the ground, what did not is on top where it is seen. */
const STACK: readonly State[] = [...STATES].sort((a, b) => order(a) - order(b));

function order(state: State): number {
  return ["green", "blue", "violet", "grey", "yellow", "orange", "red"].indexOf(STATE_LOOK[state].hue);
}

type Tip = { index: number; left: number } | null;

export default function StateChartDrawn({ buckets, intervalMs, onRange, height = 120 }: StateChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const theme = useStore(shownTheme);
  const of = useStore(zone);
  const [tip, setTip] = useState<Tip>(null);
  const range = useRef(onRange);
  range.current = onRange;
  const states = useMemo(
    () => STACK.filter((state) => buckets.some((bucket) => bucket.counts[state])),
    [buckets],
  );
  const data = useMemo(() => stacked(buckets, states), [buckets, states]);
  const key = states.join();

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new theme or zone is drawn anew; data come by the effect below
  useEffect(() => {
    const at = box.current;
    if (at === null) return;
    const style = getComputedStyle(at);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const made = new uPlot(
      options({
        width: at.clientWidth,
        height,
        colour,
        states,
        of,
        intervalMs,
        tip: setTip,
        range: (from, to) => range.current?.(from, to),
      }),
      data,
      at,
    );
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: at.clientWidth, height }));
    watch.observe(at);
    return () => {
      watch.disconnect();
      made.destroy();
    };
  }, [key, theme, of, height, intervalMs]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data]);

  const told = tip === null ? undefined : buckets[tip.index];
  return (
    <div ref={box}>
      {tip !== null && told !== undefined && (
        <TipBox bucket={told} left={tip.left} of={of} width={box.current?.clientWidth ?? 0} />
      )}
    </div>
  );
}

function TipBox({ bucket, left, of, width }: { bucket: Bucket; left: number; of: Zone; width: number }) {
  const present = STATES.filter((state) => bucket.counts[state]);
  if (present.length === 0) return null;
  const side = left > width / 2 ? { right: width - left + 14, top: 4 } : { left: left + 14, top: 4 };
  return (
    <div className={css.tip} style={side}>
      <p className={css.tipHead}>{instantText(new Date(bucket.start), of)}</p>
      {present.map((state) => (
        <div key={state}>
          <StateBadge state={state} plain /> {bucket.counts[state]?.toLocaleString()}
        </div>
      ))}
      {bucket.durationMs?.avg != null && (
        <div>
          <span>average</span> {durationText(bucket.durationMs.avg)}
        </div>
      )}
      {bucket.durationMs?.p95 != null && (
        <div>
          <span>95 %</span> {durationText(bucket.durationMs.p95)}
        </div>
      )}
    </div>
  );
}

/** x in seconds; then each state's height with what is under it; then the durations. */
function stacked(buckets: readonly Bucket[], states: readonly State[]): uPlot.AlignedData {
  const below = buckets.map(() => 0);
  const heights = states.map((state) =>
    buckets.map((bucket, at) => {
      below[at] = below[at]! + (bucket.counts[state] ?? 0);
      return below[at]!;
    }),
  );
  // The highest is drawn first, those below over it.
  heights.reverse();
  const durations = buckets.map((bucket) => bucket.durationMs?.avg ?? null);
  return [
    buckets.map((bucket) => Date.parse(bucket.start) / 1_000),
    ...heights,
    durations,
  ] as uPlot.AlignedData;
}

interface Drawing {
  width: number;
  height: number;
  colour: (name: string) => string;
  states: readonly State[];
  of: Zone;
  intervalMs: number;
  tip: (tip: Tip) => void;
  range: (from: string, to: string) => void;
}

function options({ width, height, colour, states, of, intervalMs, tip, range }: Drawing): uPlot.Options {
  const bars = uPlot.paths.bars!({ size: [0.86, 60], align: 1, radius: 0.08 });
  const axis = { stroke: colour("--text-3"), font: `11px ${colour("--font")}`, ticks: { show: false } };
  const grid = { stroke: colour("--line"), width: 1 };
  const instant = (s: number) => new Date(s * 1_000).toISOString();
  return {
    width,
    height,
    padding: [10, 4, 0, 4],
    legend: { show: false },
    tzDate: (s) => (of === "utc" ? uPlot.tzDate(new Date(s * 1_000), "Etc/UTC") : new Date(s * 1_000)),
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: 4 } },
    scales: {
      x: { time: true, range: (_, min, max) => [min, max + intervalMs / 1_000] },
      y: { range: (_, __, max) => [0, Math.max(1, max * 1.08)] },
      ms: { range: (_, __, max) => [0, Math.max(1, max * 1.25)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 22,
        gap: 4,
        space: 70,
        values: (_, all, __, ___, step) => all.map((s) => tickText(new Date(s * 1_000), of, step * 1_000)),
      },
      {
        ...axis,
        grid,
        size: 44,
        gap: 4,
        splits: (_, __, min, max) =>
          [min, Math.floor(max / 2), Math.floor(max)].filter((each, at, all) => all.indexOf(each) === at),
      },
      {
        ...axis,
        scale: "ms",
        side: 1,
        grid: { show: false },
        size: 56,
        gap: 4,
        splits: (_, __, min, max) => [min, max / 2, max * 0.95],
        values: (_, all) => all.map((ms) => shortMs(ms)),
      },
    ],
    series: [
      { label: "time", value: (_, s) => minuteText(new Date(s * 1_000), of) },
      ...[...states].reverse().map(
        (state): uPlot.Series => ({
          label: state,
          paths: bars,
          fill: colour(`--bar-${STATE_LOOK[state].hue}`),
          width: 0,
          points: { show: false },
        }),
      ),
      {
        label: "average duration",
        scale: "ms",
        stroke: colour("--text-2"),
        width: 1.5,
        spanGaps: true,
        points: { show: false },
      },
    ],
    hooks: {
      setCursor: [
        (u) =>
          tip(
            u.cursor.idx == null || (u.cursor.left ?? -1) < 0
              ? null
              : {
                  index: u.cursor.idx,
                  left: u.valToPos(u.data[0][u.cursor.idx]!, "x") + u.bbox.left / devicePixelRatio,
                },
          ),
      ],
      setSelect: [
        (u) => {
          if (u.select.width < 3) return;
          range(
            instant(u.posToVal(u.select.left, "x")),
            instant(u.posToVal(u.select.left + u.select.width, "x")),
          );
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      ready: [
        (u) => {
          u.over.addEventListener("dblclick", () => {
            const at = u.cursor.idx == null ? undefined : u.data[0][u.cursor.idx];
            if (at !== undefined) range(instant(at), instant(at + intervalMs / 1_000));
          });
        },
      ],
    },
  };
}

function shortMs(ms: number): string {
  if (ms === 0) return "0";
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} m`;
  return `${Math.round(ms / 3_600_000)} h`;
}

/** Runs over time: bars stacked by state, a line of durations, and a brush that says from when to when. */
import { lazy, memo, Suspense } from "react";
import type { Bucket } from "~/api/types";
import { STATES } from "~/api/types";
import { StateBadge } from "./StateBadge";
import css from "./StateChart.module.css";

const Drawn = lazy(() => import("./StateChartDrawn"));

export interface StateChartProps {
  buckets: readonly Bucket[];
  intervalMs: number;
  /** The brush was drawn, or a bar clicked. */
  onRange?: (startDate: string, endDate: string) => void;
  /** A state of the legend was clicked. */
  onState?: (state: string) => void;
  height?: number;
}

/** Drawn again for what it shows only. */
export const StateChart = memo(function StateChart(props: StateChartProps) {
  const { buckets, onState, height = 120 } = props;
  const counts = STATES.map((state) => ({
    state,
    count: buckets.reduce((sum, bucket) => sum + (bucket.counts[state] ?? 0), 0),
  })).filter((each) => each.count > 0);
  const spoken = counts.map((each) => `${each.count} ${each.state}`).join(", ") || "nothing";
  return (
    <figure className={css.chart} aria-label={`By state over time: ${spoken}`}>
      <div className={css.canvas} style={{ height }}>
        {counts.length === 0 ? (
          <p className={css.none}>No results in this range</p>
        ) : (
          <Suspense fallback={null}>
            <Drawn {...props} height={height} />
          </Suspense>
        )}
      </div>
      <figcaption className={css.legend}>
        {counts.map(({ state, count }) => (
          <button
            type="button"
            key={state}
            className={css.state}
            onClick={() => onState?.(state)}
            disabled={!onState}
            title={`Only ${state}`}
          >
            <StateBadge state={state} plain /> <span className={css.count}>{count.toLocaleString()}</span>
          </button>
        ))}
        {counts.length > 0 && <span className={css.line}>average duration</span>}
      </figcaption>
    </figure>
  );
});

/** What the tasks measured: a line for each metric of a task, with its values in small. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link } from "react-router";
import { get } from "~/api/client";
import type { Execution, Paged } from "~/api/types";
import { Empty, ErrorBox, Loading } from "~/parts/Placeholders";
import { durationText } from "~/time/duration";
import { useSearchHref } from "~/url/search";
import css from "./Execution.module.css";

interface Measured {
  taskId: string;
  taskRunId: string;
  type: "counter" | "timer" | "gauge";
  name: string;
  value: number;
  timestamp: string;
  tags?: Record<string, string>;
}

interface Series {
  taskId: string;
  name: string;
  type: string;
  values: Measured[];
}

const SIZE = 1_000;
const EVERY_MS = 3_000;

export function MetricsTab({ execution, live }: { execution: Execution; live: boolean }) {
  const hrefOf = useSearchHref();
  const found = useQuery({
    queryKey: ["metrics", execution.id],
    queryFn: ({ signal }) =>
      get<Paged<Measured>>(`/metrics/${encodeURIComponent(execution.id)}`, { size: SIZE }, signal),
    refetchInterval: live ? EVERY_MS : false,
  });
  const series = useMemo(() => seriesOf(found.data?.results ?? []), [found.data]);
  if (found.isPending) return <Loading what="the metrics" />;
  if (found.isError) return <ErrorBox error={found.error} retry={() => void found.refetch()} />;
  if (series.length === 0) {
    return (
      <Empty title="No metrics">
        Tasks tell their counters and timers at the end of each attempt; none of these did.
      </Empty>
    );
  }
  return (
    <div className={css.scroll} tabIndex={0} role="region" aria-label="Metrics">
      <table className={css.table}>
        <thead>
          <tr>
            <th>Task</th>
            <th>Metric</th>
            <th>Type</th>
            <th className={css.number}>Values</th>
            <th className={css.number}>Least</th>
            <th className={css.number}>Average</th>
            <th className={css.number}>Most</th>
            <th className={css.number}>Sum</th>
            <th>Over time</th>
          </tr>
        </thead>
        <tbody>
          {series.map((each) => {
            const numbers = each.values.map((one) => one.value);
            const sum = numbers.reduce((before, value) => before + value, 0);
            const text = (value: number) => textOf(value, each.type);
            return (
              <tr key={`${each.taskId} ${each.name}`}>
                <td>
                  <Link
                    to={
                      each.values.length === 1
                        ? hrefOf({ open: each.values[0]!.taskRunId })
                        : hrefOf({ tab: null, task: each.taskId })
                    }
                  >
                    {each.taskId}
                  </Link>
                </td>
                <td title={tagsOf(each)}>{each.name}</td>
                <td className={css.quiet}>{each.type}</td>
                <td className={css.number}>{numbers.length.toLocaleString()}</td>
                <td className={css.number}>{text(Math.min(...numbers))}</td>
                <td className={css.number}>{text(sum / numbers.length)}</td>
                <td className={css.number}>{text(Math.max(...numbers))}</td>
                <td className={css.number}>{text(sum)}</td>
                <td>
                  <Spark numbers={numbers} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {found.data.total > found.data.results.length && (
        <p className={css.note}>
          The first {found.data.results.length.toLocaleString()} of {found.data.total.toLocaleString()}{" "}
          values.
        </p>
      )}
    </div>
  );
}

function seriesOf(all: readonly Measured[]): Series[] {
  const found = new Map<string, Series>();
  for (const each of all) {
    const key = `${each.taskId}\n${each.name}`;
    const series = found.get(key);
    if (series === undefined)
      found.set(key, { taskId: each.taskId, name: each.name, type: each.type, values: [each] });
    else series.values.push(each);
  }
  return [...found.values()];
}

const FINE_BELOW_MS = 10;

const textOf = (value: number, type: string): string =>
  type === "timer"
    ? value < FINE_BELOW_MS
      ? `${value.toFixed(2)} ms`
      : durationText(value)
    : value.toLocaleString(undefined, { maximumFractionDigits: value < 10 ? 3 : 1 });

const tagsOf = (series: Series): string =>
  Object.entries(series.values[0]?.tags ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");

const WIDTH = 160;
const HEIGHT = 24;
const BARS_MAX = 40;

/** Bars of the values in their order; of very many, the highest of each stretch. */
function Spark({ numbers }: { numbers: readonly number[] }) {
  const size = Math.max(1, Math.ceil(numbers.length / BARS_MAX));
  const highs: number[] = [];
  for (let at = 0; at < numbers.length; at += size) highs.push(Math.max(...numbers.slice(at, at + size)));
  const most = Math.max(...highs, 0) || 1;
  const width = Math.min(12, WIDTH / highs.length);
  return (
    <svg
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={`${numbers.length} values, the highest is ${Math.max(...numbers)}`}
      className={css.spark}
    >
      {highs.map((value, at) => {
        const height = Math.max(1.5, (Math.max(0, value) / most) * HEIGHT);
        return (
          <rect
            key={at}
            x={at * width}
            y={HEIGHT - height}
            width={Math.max(1, width - 1.5)}
            height={height}
            rx={1}
          />
        );
      })}
    </svg>
  );
}

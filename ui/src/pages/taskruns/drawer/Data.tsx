/** What went in, as it was rendered; what came out; what was measured. */
import type { Metric } from "~/api/types";
import { CopyButton } from "~/parts/Id";
import { JsonTree } from "~/parts/JsonTree";
import { Empty } from "~/parts/Placeholders";
import { Duration } from "~/parts/Time";
import { durationMs } from "~/time/duration";
import type { Detailed } from "../TaskRunDrawer";
import css from "./TaskRunDrawer.module.css";

export function Data({ run }: { run: Detailed }) {
  const inputs = run.details?.inputs ?? run.details?.attempts.findLast((each) => each.inputs)?.inputs ?? {};
  const outputs = run.outputs ?? {};
  const metrics = run.details?.metrics ?? [];
  const has = (value: object) => Object.keys(value).length > 0;
  if (!has(inputs) && !has(outputs) && metrics.length === 0)
    return <Empty title="No data">This task run has no inputs, outputs or metrics.</Empty>;
  return (
    <div className={css.part}>
      {has(inputs) && <Tree title="Inputs, as rendered" value={inputs} />}
      {has(outputs) && <Tree title="Outputs" value={outputs} />}
      {metrics.length > 0 && <Metrics metrics={metrics} />}
    </div>
  );
}

function Tree({ title, value }: { title: string; value: object }) {
  return (
    <section className={css.tree} aria-label={title}>
      <h3>
        {title} <CopyButton text={JSON.stringify(value, null, 2)} what={title.toLowerCase()} />
      </h3>
      <JsonTree label={title} value={value} />
    </section>
  );
}

function Metrics({ metrics }: { metrics: readonly Metric[] }) {
  return (
    <section aria-label="Metrics">
      <h3>Metrics</h3>
      <table className={css.metrics}>
        <tbody>
          {metrics.map((metric, at) => (
            <tr key={at}>
              <th scope="row">{metric.name}</th>
              <td className={css.number}>{measured(metric)}</td>
              <td>{metric.attempt !== undefined && metric.attempt > 0 && `attempt ${metric.attempt + 1}`}</td>
              <td className={css.tags}>
                {Object.entries(metric.tags ?? {})
                  .map(([name, value]) => `${name}=${value}`)
                  .join(" ")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function measured({ value }: Metric) {
  if (typeof value === "number") return value.toLocaleString();
  const ms = durationMs(value);
  return ms === null ? value : <Duration ms={ms} />;
}

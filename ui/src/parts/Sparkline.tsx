import css from "./Sparkline.module.css";
import type { Hue } from "./states";

/** Bars without axes: how it went lately. */
export function Sparkline({ values, hue, label }: { values: readonly number[]; hue: Hue; label: string }) {
  const top = Math.max(1, ...values);
  const step = 100 / Math.max(1, values.length);
  return (
    <svg
      className={`${css.spark} ${css[hue]}`}
      viewBox="0 0 100 24"
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {values.map((value, at) => {
        const height = value === 0 ? 1 : Math.max(2.5, (value / top) * 24);
        return (
          <rect
            key={at}
            x={at * step}
            y={24 - height}
            width={step * 0.78}
            height={height}
            data-none={value === 0 || undefined}
          />
        );
      })}
    </svg>
  );
}

import css from "./StateBadge.module.css";
import { lookOf } from "./states";

/** A state: colour, icon and word. `plain`: without the tint, for dense places. */
export function StateBadge({ state, plain = false }: { state: string; plain?: boolean }) {
  const { hue, icon: Icon } = lookOf(state);
  return (
    <span className={`${css.badge} ${css[hue]} ${plain ? css.plain : ""}`} data-state={state}>
      <Icon size={13} strokeWidth={2.4} aria-hidden className={state === "RUNNING" ? css.turns : undefined} />
      {state}
    </span>
  );
}

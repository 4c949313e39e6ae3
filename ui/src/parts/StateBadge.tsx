import css from "./StateBadge.module.css";
import { lookOf } from "./states";

interface Props {
  state: string;
  /** Without the tint, for dense places. */
  plain?: boolean;
  /** It is the state of what the whole page is about: it moves while that runs. Whatever moves is drawn all the time. */
  live?: boolean;
}

/** A state: colour, icon and word. */
export function StateBadge({ state, plain = false, live = false }: Props) {
  const { hue, icon: Icon } = lookOf(state);
  return (
    <span className={`${css.badge} ${css[hue]} ${plain ? css.plain : ""}`} data-state={state}>
      <Icon
        size={13}
        strokeWidth={2.4}
        aria-hidden
        className={live && state === "RUNNING" ? css.turns : undefined}
      />
      {state}
    </span>
  );
}

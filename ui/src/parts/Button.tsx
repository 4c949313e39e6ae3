import type { ReactNode } from "react";
import { Button as AriaButton, Tooltip, TooltipTrigger } from "react-aria-components";
import css from "./Button.module.css";

interface ButtonProps {
  children: ReactNode;
  onPress?: () => void;
  kind?: "plain" | "primary" | "danger" | "quiet";
  isDisabled?: boolean;
  /** Shown as pressed: a switch. */
  pressed?: boolean;
  small?: boolean;
  type?: "button" | "submit";
}

export function Button({ kind = "plain", small = false, pressed, children, ...rest }: ButtonProps) {
  return (
    <AriaButton
      {...rest}
      aria-pressed={pressed}
      className={`${css.button} ${css[kind]} ${small ? css.small : ""}`}
    >
      {children}
    </AriaButton>
  );
}

/** A button that is an icon; its label is its tooltip. */
export function IconButton({
  label,
  children,
  small = false,
  pressed,
  ...rest
}: Omit<ButtonProps, "kind"> & { label: string }) {
  return (
    <TooltipTrigger delay={500} closeDelay={50}>
      <AriaButton
        {...rest}
        aria-label={label}
        aria-pressed={pressed}
        className={`${css.icon} ${small ? css.smallIcon : ""}`}
      >
        {children}
      </AriaButton>
      <Tooltip className={css.tooltip} offset={6}>
        {label}
      </Tooltip>
    </TooltipTrigger>
  );
}

import type { ReactNode } from "react";
import { Menu as AriaMenu, MenuItem, MenuTrigger, Popover, type Selection } from "react-aria-components";
import css from "./Menu.module.css";

export interface Item {
  id: string;
  title: string;
  note?: string;
  icon?: ReactNode;
  tone?: "danger";
}

interface MenuProps {
  /** The button that opens it. */
  trigger: ReactNode;
  label: string;
  items: readonly Item[];
  onAction?: (id: string) => void;
  /** With these, the items are choices. */
  selected?: readonly string[];
  onSelected?: (ids: readonly string[]) => void;
  multiple?: boolean;
}

/** A button with a menu of actions, or of choices. */
export function Menu({ trigger, label, items, onAction, selected, onSelected, multiple = false }: MenuProps) {
  const choices = selected !== undefined;
  const choose = (keys: Selection) =>
    onSelected?.(items.map((item) => item.id).filter((id) => keys === "all" || keys.has(id)));
  return (
    <MenuTrigger>
      {trigger}
      <Popover className={css.popover} offset={4}>
        <AriaMenu
          aria-label={label}
          className={css.menu}
          onAction={(key) => onAction?.(String(key))}
          selectionMode={choices ? (multiple ? "multiple" : "single") : "none"}
          selectedKeys={selected ?? []}
          onSelectionChange={choose}
          disallowEmptySelection={choices && !multiple}
        >
          {items.map((item) => (
            <MenuItem
              key={item.id}
              id={item.id}
              textValue={item.title}
              className={`${css.item} ${item.tone === "danger" ? css.danger : ""}`}
            >
              {choices && <span className={css.tick} aria-hidden />}
              {item.icon}
              <span className={css.title}>{item.title}</span>
              {item.note && <span className={css.note}>{item.note}</span>}
            </MenuItem>
          ))}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

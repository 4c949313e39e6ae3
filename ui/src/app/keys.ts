/**
 * The keyboard layer. A component says which keys it answers while it is shown; `?` lists them all.
 *
 * A key is `j`, `enter`, `shift+x`, `mod+s` (Ctrl, or Cmd on a Mac) or two keys in a row: `g t`. While someone
 * types in a field only keys with `mod+` count; while a dialog is open only its own.
 */
import { useLayoutEffect, useRef } from "react";
import { flushSync } from "react-dom";
import { store } from "./store";

export interface Key {
  keys: string;
  does: string;
  run: (event: KeyboardEvent) => void;
  /** Off now; it is not listed either. */
  off?: boolean;
}

export interface KeyGroup {
  title: string;
  keys: readonly Key[];
}

export const keyGroups = store<readonly { current: KeyGroup }[]>([]);
const SEQUENCE_MS = 900;
let first: { key: string; at: number } | null = null;

/** Answer these keys while the component is there. The list may change with every render. */
export function useKeys(title: string, keys: readonly Key[]): void {
  const held = useRef<KeyGroup>({ title, keys });
  useLayoutEffect(() => {
    held.current = { title, keys };
  });
  useLayoutEffect(() => {
    keyGroups.set([...keyGroups.get(), held]);
    return () => keyGroups.set(keyGroups.get().filter((each) => each !== held));
  }, []);
}

export function nameOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key.toLowerCase().replace("arrow", "");
  const letter = /^[a-z0-9]$/.test(key) || key.length > 1;
  const shift = event.shiftKey && letter ? "shift+" : "";
  return `${event.ctrlKey || event.metaKey ? "mod+" : ""}${event.altKey ? "alt+" : ""}${shift}${key}`;
}

function types(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement)
    return !["checkbox", "radio", "button", "range"].includes(target.type);
  return target.isContentEditable || ["TEXTAREA", "SELECT"].includes(target.tagName);
}

/** Enter and space on a control mean that control. */
function isControls(event: KeyboardEvent): boolean {
  const control =
    event.target instanceof Element
      ? event.target.closest("a, button, summary, [role=tab], [role=menuitem]")
      : null;
  return control !== null && (event.key === "Enter" || event.key === " ");
}

function onKeyDown(event: KeyboardEvent) {
  if (event.defaultPrevented || event.isComposing || event.key === "Shift") return;
  const name = nameOf(event);
  if (!name.startsWith("mod+") && (types(event.target) || isControls(event))) return;
  const dialog = document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]');
  if (dialog !== null && !dialog.hasAttribute("data-keys-pass")) return;
  const sequence = first !== null && event.timeStamp - first.at < SEQUENCE_MS ? `${first.key} ${name}` : null;
  first = null;
  const groups = [...keyGroups.get()].reverse();
  for (const wanted of sequence === null ? [name] : [sequence, name]) {
    for (const group of groups) {
      const found = group.current.keys.find((key) => !key.off && key.keys === wanted);
      if (found !== undefined) {
        event.preventDefault();
        // The next key may come before React would have drawn what this one did.
        flushSync(() => found.run(event));
        return;
      }
    }
  }
  if (groups.some((group) => group.current.keys.some((key) => key.keys.startsWith(`${name} `)))) {
    first = { key: name, at: event.timeStamp };
  }
}

document.addEventListener("keydown", onKeyDown);

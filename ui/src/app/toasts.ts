import { messageOf } from "~/api/errors";
import { store } from "./store";

export interface Toast {
  id: number;
  tone: "good" | "bad" | "plain";
  text: string;
  /** A link of ours that the toast offers. */
  link?: { to: string; text: string };
}

export const toasts = store<readonly Toast[]>([]);
const SHOWN_MS = 6_000;
const SHOWN_MAX = 5;
let lastId = 0;

/** Tell something at the edge of the page; what went wrong stays until it is closed. */
export function toast(text: string, tone: Toast["tone"] = "plain", link?: Toast["link"]): void {
  const id = ++lastId;
  toasts.set([...toasts.get(), { id, tone, text, link }].slice(-SHOWN_MAX));
  if (tone !== "bad") setTimeout(() => closeToast(id), SHOWN_MS);
}

export const toastError = (error: unknown): void => toast(messageOf(error), "bad");

export function closeToast(id: number): void {
  toasts.set(toasts.get().filter((each) => each.id !== id));
}

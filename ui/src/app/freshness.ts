import type { AsOf } from "~/api/types";
import { store } from "./store";

/** When the newest answer came, and how far what it was made from lagged behind (null: the server did not say). */
export interface Freshness {
  receivedAt: number;
  behindMs: number | null;
}

export const freshness = store<Freshness | null>(null);

export function noteFreshness(asOf: AsOf | null): void {
  freshness.set({ receivedAt: Date.now(), behindMs: asOf?.behindMs ?? null });
}

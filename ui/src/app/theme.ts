/** Light or dark: the system's wish until someone chooses. `data-theme` on <html> is what the styles look at. */
import { kept, store } from "./store";

export type Theme = "system" | "light" | "dark";
export const chosenTheme = kept<Theme>("theme", ["system", "light", "dark"], "system");
const system = window.matchMedia("(prefers-color-scheme: dark)");

/** What is shown: for what draws on a canvas and has to draw again. */
export const shownTheme = store<"light" | "dark">("light");

function show() {
  const chosen = chosenTheme.get();
  const shown = chosen === "system" ? (system.matches ? "dark" : "light") : chosen;
  document.documentElement.dataset.theme = shown;
  shownTheme.set(shown);
}

chosenTheme.subscribe(show);
system.addEventListener("change", show);
show();

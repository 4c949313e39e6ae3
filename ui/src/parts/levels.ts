import type { Part } from "./Bars";

/** Log levels as parts of a chart: what is grave stands on top. */
export const LEVEL_PARTS: readonly Part[] = [
  { id: "TRACE", title: "TRACE", hue: "grey", faint: true },
  { id: "DEBUG", title: "DEBUG", hue: "grey" },
  { id: "INFO", title: "INFO", hue: "blue" },
  { id: "WARN", title: "WARN", hue: "orange" },
  { id: "ERROR", title: "ERROR", hue: "red" },
];

import { expect, test } from "vitest";
import type { TaskRun } from "~/api/types";
import { TASK_RUNS } from "./row";

const run = (current: string, columns: Record<string, unknown>) =>
  ({ id: "a", state: { current, histories: [] }, columns }) as unknown as TaskRun;

test("a row never goes back", () => {
  const shown = run("SUCCESS", { seq: 7 });
  expect(TASK_RUNS.newer(shown, run("RUNNING", { seq: 5 }))).toBe(shown);
  expect(TASK_RUNS.newer(shown, run("FAILED", { seq: 9 })).state.current).toBe("FAILED");
});

test("what only the index knows of a row stays when the stream tells of it", () => {
  const shown = run("RUNNING", { seq: 5, baseline: 800, overdue: "2026-11-25T10:00:00Z", queue: 3 });
  expect(TASK_RUNS.newer(shown, run("SUCCESS", { seq: 7, queue: 4 })).columns).toEqual({
    seq: 7,
    baseline: 800,
    queue: 4,
  });
});

import { expect, test } from "vitest";
import { newest, stepped, stepTo } from "./newest";
import type { Execution, State, TaskRun } from "./types";

const state = (...names: State[]) => ({
  current: names.at(-1)!,
  histories: names.map((name, at) => ({ state: name, date: `2026-01-01T00:00:0${at}Z` })),
  duration: "PT0S",
  startDate: "2026-01-01T00:00:00Z",
});
const run = (id: string, ...names: State[]): TaskRun => ({
  id,
  executionId: "e",
  namespace: "n",
  flowId: "f",
  taskId: id,
  state: state(...names),
});
const execution = (names: State[], ...runs: TaskRun[]): Execution => ({
  id: "e",
  namespace: "n",
  flowId: "f",
  flowRevision: 1,
  state: state(...names),
  taskRunList: runs,
});

test("an execution never goes back, and what did not change stays the same object", () => {
  const before = execution(["CREATED", "RUNNING"], run("a", "CREATED", "RUNNING"), run("b", "CREATED"));
  const after = execution(
    ["CREATED", "RUNNING"],
    run("a", "CREATED", "RUNNING", "SUCCESS"),
    run("b", "CREATED"),
  );
  const shown = newest(before, after);
  expect(shown.taskRunList![0]!.state.current).toBe("SUCCESS");
  expect(shown.taskRunList![1]).toBe(before.taskRunList![1]);
  expect(newest(shown, before)).toBe(shown);
});

test("steps lead to the same as whole states, also when task runs come and go", () => {
  const states = [
    execution(["CREATED"]),
    execution(["CREATED", "RUNNING"], run("a", "CREATED")),
    execution(["CREATED", "RUNNING"], run("a", "CREATED", "RUNNING"), run("b", "CREATED")),
    execution(
      ["CREATED", "RUNNING", "FAILED"],
      run("a", "CREATED", "RUNNING", "FAILED"),
      run("b", "CREATED"),
    ),
    execution(
      ["CREATED", "RUNNING", "FAILED", "RESTARTED"],
      run("a", "CREATED", "RUNNING", "FAILED", "RESTARTED"),
    ),
  ];
  const known = new Map<string, TaskRun>();
  let shown: Execution | undefined;
  for (const next of states) {
    const step = stepTo(known, next);
    shown = stepped(shown, structuredClone(step));
    expect(shown.taskRunList ?? []).toEqual(next.taskRunList);
    expect(shown.state).toEqual(next.state);
  }
});

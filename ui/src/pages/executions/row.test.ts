import { expect, test } from "vitest";
import type { Execution } from "~/api/types";
import { EXECUTIONS } from "./row";

const execution = (changes: number, labels: Execution["labels"] = []) =>
  ({ id: "a", labels, state: { histories: Array(changes) } }) as unknown as Execution;

test("a row never goes back, and takes new labels in the same state", () => {
  const shown = execution(3);
  expect(EXECUTIONS.newer(shown, execution(2))).toBe(shown);
  const labelled = execution(3, [{ key: "team", value: "blue" }]);
  expect(EXECUTIONS.newer(shown, labelled)).toBe(labelled);
});

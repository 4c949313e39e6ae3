import { expect, test } from "vitest";
import type { State, TaskRun } from "~/api/types";
import { rowsOf, ticksOf, timesOf, treeOf, wayTo } from "./rows";

const at = (ms: number) => new Date(1_700_000_000_000 + ms).toISOString();

function run(id: string, moves: [State, number][], more: Partial<TaskRun> = {}): TaskRun {
  return {
    id,
    executionId: "e",
    namespace: "n",
    flowId: "f",
    taskId: id,
    state: {
      current: moves.at(-1)![0],
      histories: moves.map(([state, ms]) => ({ state, date: at(ms) })),
      duration: "PT0S",
      startDate: at(moves[0]![1]),
    },
    ...more,
  };
}

const once: [State, number][] = [
  ["CREATED", 0],
  ["RUNNING", 10],
  ["SUCCESS", 30],
];
const auto = { all: "auto", turned: new Set<string>() } as const;

test("every attempt has its waiting and its running bar, coloured by how it ended", () => {
  const times = timesOf(
    run(
      "a",
      [
        ["CREATED", 0],
        ["RUNNING", 10],
        ["FAILED", 30],
        ["RETRYING", 30],
        ["CREATED", 130],
        ["RUNNING", 140],
        ["SUCCESS", 150],
      ],
      { attempts: [] },
    ),
  );
  expect(times.bars.map((bar) => [bar.kind, bar.state, bar.to! - bar.from, bar.attempt])).toEqual([
    ["waits", "CREATED", 10, undefined],
    ["runs", "FAILED", 20, 1],
    ["retries", "RETRYING", 100, undefined],
    ["waits", "CREATED", 10, undefined],
    ["runs", "SUCCESS", 10, 2],
  ]);
});

test("what runs still has a bar without an end", () => {
  const { bars, to } = timesOf(run("a", once.slice(0, 2)));
  expect(bars.at(-1)).toMatchObject({ kind: "runs", state: "RUNNING", to: null });
  expect(to).toBeNull();
});

const loop = [
  run("each", once),
  ...["x", "y"].flatMap((value) => [
    run(`one-${value}`, once, { parentTaskRunId: "each", value, taskId: "one" }),
    run(`two-${value}`, once, { parentTaskRunId: "each", value, taskId: "two" }),
  ]),
];

test("tasks of a loop are put together by iteration, which can be folded", () => {
  const open = rowsOf(treeOf(loop), auto);
  expect(open.map((row) => `${" ".repeat(row.depth)}${row.title}`)).toEqual([
    "each",
    " x",
    "  one",
    "  two",
    " y",
    "  one",
    "  two",
  ]);
  const folded = rowsOf(treeOf(loop), { all: "auto", turned: new Set(["each/x"]) });
  expect(folded.map((row) => row.title)).toEqual(["each", "x", "y", "one", "two"]);
  expect(folded[1]!.counts).toEqual(new Map([["SUCCESS", 2]]));
});

test("a loop of many is folded and says how many are in which state", () => {
  const many = Array.from({ length: 10_000 }, (_, index) =>
    run(`r${index}`, index === 7 ? [...once.slice(0, 2), ["FAILED", 40]] : once, {
      parentTaskRunId: "each",
      value: String(index),
    }),
  );
  const runs = [run("each", once), ...many];
  const rows = rowsOf(treeOf(runs), auto);
  expect(rows).toHaveLength(1);
  expect(rows[0]!.counts).toEqual(
    new Map([
      ["SUCCESS", 9_999],
      ["FAILED", 1],
    ]),
  );
  const way = wayTo("r7", runs);
  expect(rowsOf(treeOf(runs), { all: "auto", turned: new Set(["each"]) })).toHaveLength(10_001);
  expect(way).toContain("each");
});

test("an axis has as many steps as there is room for", () => {
  expect(ticksOf(0, 100, 5)).toEqual({ step: 20, ticks: [0, 20, 40, 60, 80, 100] });
  expect(ticksOf(950, 3_100, 4).ticks).toEqual([1_000, 2_000, 3_000]);
});

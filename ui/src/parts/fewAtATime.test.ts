import { describe, expect, it } from "vitest";
import { NEW_MAX, nextOf } from "./fewAtATime";

const rows = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => ({ key: `row ${from + at}`, index: from + at }));
const indexes = (items: readonly { index: number }[]) => items.map((item) => item.index);

describe("rows in sight", () => {
  it("are all there at once at first", () => {
    expect(indexes(nextOf(rows(0, 40), []))).toEqual(indexes(rows(0, 40)));
  });

  it("come a few at a time, the middle first, in their order, and are whole after some frames", () => {
    const wanted = rows(100, 140);
    let drawn = nextOf(wanted, rows(0, 40));
    expect(indexes(drawn)).toEqual(indexes(rows(114, 114 + NEW_MAX)));
    for (const count of [24, 36, 40]) {
      drawn = nextOf(wanted, drawn);
      expect(drawn).toHaveLength(count);
    }
    expect(drawn).toEqual(wanted);
  });

  it("stay while they are in sight, and those that are not go", () => {
    const drawn = nextOf(rows(5, 45), rows(0, 40));
    expect(indexes(drawn)).toEqual(indexes(rows(5, 45)));
  });

  it("keep their place when others come before them", () => {
    const moved = rows(0, 20).map((row) => ({ ...row, index: row.index + 3 }));
    expect(nextOf(moved, rows(0, 20))).toEqual(moved);
  });
});

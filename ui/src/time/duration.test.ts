import { expect, test } from "vitest";
import { durationMs, durationText } from "./duration";

test("ISO durations are read", () => {
  expect(durationMs("PT1.5S")).toBe(1500);
  expect(durationMs("P1DT2H3M")).toBe(93_780_000);
  expect(durationMs("soon")).toBeNull();
});

test("durations show no more digits than help", () => {
  expect([0, 999.4, 1_234, 59_999, 125_100, 11_520_000, 187_200_000].map(durationText)).toEqual([
    "0 ms",
    "999 ms",
    "1.234 s",
    "59.999 s",
    "2 m 05.1 s",
    "3 h 12 m",
    "2 d 4 h",
  ]);
});

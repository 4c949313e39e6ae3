import { expect, test } from "vitest";
import { labelsOf } from "./actions";

test("labels are read as people write them", () => {
  expect(labelsOf("team=blue, ticket: OPS-17")).toEqual({ team: "blue", ticket: "OPS-17" });
  expect(labelsOf("url=a=b\nx=1")).toEqual({ url: "a=b", x: "1" });
});

test("what is no label is not sent", () => {
  for (const text of ["", "team", "=blue", "team="]) expect(labelsOf(text)).toBeNull();
});

import { expect, test } from "vitest";
import { after, type Watched } from "./watch";

const NONE: Watched<object> = {
  state: "open",
  changed: new Map(),
  entered: new Set(),
  left: new Set(),
  gaps: 0,
};
const event = (name: string, id: string, taskrun?: object) => ({
  id: "",
  event: name,
  data: JSON.stringify(taskrun === undefined ? { id } : { id, taskrun }),
});

test("what entered is new until it leaves", () => {
  const entered = after(NONE, [event("entered", "a", {}), event("updated", "b", {})]);
  expect([...entered.entered]).toEqual(["a"]);
  expect([...entered.changed.keys()]).toEqual(["a", "b"]);

  const gone = after(entered, [event("left", "a")]);
  expect([...gone.entered]).toEqual([]);
  expect([...gone.left]).toEqual(["a"]);
});

test("what comes back has not left", () => {
  const back = after(NONE, [event("left", "a"), event("entered", "a", { id: "a" })]);
  expect([...back.left]).toEqual([]);
  expect(back.changed.get("a")).toEqual({ id: "a" });
});

test("a stream that begins anew is told", () => {
  expect(after(NONE, [event("hello", "")]).gaps).toBe(1);
});

import { expect, test } from "vitest";
import { piecesOf, plainText } from "./ansi";

test("colours become pieces, and end where they are told to", () => {
  expect(piecesOf("a \u001b[1;31mred\u001b[0m b")).toEqual([
    { text: "a ", colour: null, bold: false },
    { text: "red", colour: 1, bold: true },
    { text: " b", colour: null, bold: false },
  ]);
});

test("what moves the cursor or makes links is left out", () => {
  expect(plainText("\u001b[2Kx\u001b]8;;http://a\u0007y\u001b[38;2;1;2;3mz")).toBe("xyz");
});

test("markup is text like any other", () => {
  expect(piecesOf("<b>no</b>")).toEqual([{ text: "<b>no</b>", colour: null, bold: false }]);
});

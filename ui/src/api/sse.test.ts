import { expect, test } from "vitest";
import { parser, type StreamEvent } from "./sse";

test("events come whole, however the text is cut", () => {
  const text = ": hello\nid: 1\nevent: updated\ndata: a\ndata: b\n\nid: 2\r\ndata:c\r\n\r\n";
  for (let cut = 0; cut <= text.length; cut++) {
    const seen: StreamEvent[] = [];
    const take = parser((event) => seen.push(event));
    take(text.slice(0, cut));
    take(text.slice(cut));
    expect(seen).toEqual([
      { id: "1", event: "updated", data: "a\nb" },
      { id: "2", event: "message", data: "c" },
    ]);
  }
});

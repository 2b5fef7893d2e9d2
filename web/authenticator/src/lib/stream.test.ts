import { expect, test } from "vitest";

import { EventParser, type ServerEvent } from "./stream.ts";

function parse(...pieces: string[]): ServerEvent[] {
  const parser = new EventParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

const TWO = 'retry: 1000\nevent: requests\ndata: {"requests":[]}\n\n: \n\nevent: gone\ndata: {}\n\n';
const READ = [
  { name: "requests", data: '{"requests":[]}' },
  { name: "gone", data: "{}" },
];

test("reads events, passing over comments and retry", () => {
  expect(parse(TWO)).toEqual(READ);
});

test("reads the same however the pieces are cut and whatever ends the lines", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const text = TWO.replaceAll("\n", end);
    expect(parse(...text), JSON.stringify(end)).toEqual(READ);
    for (let cut = 0; cut <= text.length; cut++) expect(parse(text.slice(0, cut), text.slice(cut))).toEqual(READ);
  }
});

test("joins data lines, takes one space after the colon, and names nameless events", () => {
  expect(parse("data:a\ndata:  b\n\n")).toEqual([{ name: "message", data: "a\n b" }]);
});

test("drops an event without data or without its empty line, and what comes before the first field", () => {
  expect(parse("event: x\n\n", "data: cut off\n")).toEqual([]);
  expect(parse("\uFEFFdata: a\n\n")).toEqual([{ name: "message", data: "a" }]);
});

test("a name holds for one event", () => {
  expect(parse("event: x\n\ndata: a\n\n")).toEqual([{ name: "message", data: "a" }]);
});

test("keeps retry only when it is a number", () => {
  const parser = new EventParser();
  parser.push("retry: soon\n");
  expect(parser.retryMs).toBeUndefined();
  parser.push("retry: 1000\n");
  expect(parser.retryMs).toBe(1000);
});

test("a line has a limit", () => {
  const parser = new EventParser();
  expect(() => parser.push("data: " + "a".repeat(1 << 20))).toThrow("too long");
});

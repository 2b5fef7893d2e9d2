import { expect, test } from "vitest";

import { cell, toCsv } from "./csv.ts";

test.each(["=1+1", "+14155550100", "-2", "@SUM(A1)", "\tx"])("%j is no formula for a spreadsheet", (text) => {
  expect(cell(text)).toBe(`'${text}`);
});

test("commas, quotes and line ends are quoted as RFC 4180 says", () => {
  expect(cell('a,"b"')).toBe('"a,""b"""');
  expect(cell("=a\nb")).toBe('"\'=a\nb"');
  expect(cell(undefined)).toBe("");
});

test("events of different kinds share one table", () => {
  expect(toCsv([{ a: 1 }, { b: "x" }])).toBe("a,b\r\n1,\r\n,x\r\n");
});

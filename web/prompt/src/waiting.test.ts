import { expect, test } from "vitest";

import { clock } from "./waiting.ts";

test("time left is minutes and seconds, and never less than none", () => {
  expect(clock(60)).toBe("1:00");
  expect(clock(46.2)).toBe("0:47");
  expect(clock(9)).toBe("0:09");
  expect(clock(-3)).toBe("0:00");
});

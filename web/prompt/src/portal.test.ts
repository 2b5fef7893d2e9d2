import { expect, test } from "vitest";

import { localTime } from "./portal.ts";

test("a time is told in the reader's words and zone", () => {
  expect(localTime("2026-09-21T14:13:20Z", "de", "Europe/Berlin")).toBe("21.09.2026, 16:13");
  expect(localTime("2026-09-21T14:13:20Z", "ja", "Asia/Tokyo")).toBe("2026/09/21 23:13");
});

test("what is no time stays as it was written", () => {
  expect(localTime("yesterday", "en")).toBeUndefined();
});

import { expect, test } from "vitest";

import { ServerClock } from "./clock.ts";

function clockAt(here: number) {
  const kept: number[] = [];
  return {
    clock: new ServerClock(
      0,
      (offset) => kept.push(offset),
      () => here,
    ),
    kept,
  };
}

test("goes by the server's time once it was told", () => {
  const { clock, kept } = clockAt(1000);
  clock.set(1600);
  expect([clock.now(), clock.offset, kept]).toEqual([1600, 600, [600]]);
});

test("hears a Date that is far off and not one that may be noise", () => {
  const { clock, kept } = clockAt(1_700_000_000);
  clock.hear("Tue, 14 Nov 2023 22:13:22 GMT", 1_700_000_000);
  expect(kept).toEqual([]);
  clock.hear("Tue, 14 Nov 2023 22:15:20 GMT", 1_700_000_000);
  expect(clock.offset).toBe(120);
});

test("comes back to none when this device's clock was put right", () => {
  const { clock } = clockAt(1_700_000_000);
  clock.offset = 500;
  clock.hear("Tue, 14 Nov 2023 22:13:20 GMT", 1_700_000_000);
  expect(clock.offset).toBe(0);
});

test("a Date that is missing, broken or took long says nothing", () => {
  const { clock, kept } = clockAt(1_700_000_000);
  clock.hear(null, 1_700_000_000);
  clock.hear("yesterday", 1_700_000_000);
  clock.hear("Tue, 14 Nov 2023 23:13:20 GMT", 1_700_000_000 - 25);
  expect(kept).toEqual([]);
});

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { leave, readAgain } from "./leaving.ts";

const reload = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("window", { location: { reload }, setTimeout });
  reload.mockClear();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a page that nobody is leaving is read again at once", () => {
  readAgain();
  expect(reload).toHaveBeenCalledOnce();
});

test("a press has its time, and one that led elsewhere does not stop the page for good", () => {
  leave();
  readAgain();
  vi.advanceTimersByTime(4_000);
  expect(reload).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1_500);
  expect(reload).toHaveBeenCalledOnce();
});

import { expect, test } from "vitest";

import { hrefOf, parseRoute } from "./route.ts";

test("every screen's address leads to it", () => {
  for (const screen of ["home", "add", "notices", "settings", "new-phone"] as const) {
    expect(parseRoute(hrefOf(screen))).toEqual({ screen, id: "" });
  }
  expect(parseRoute(hrefOf("account", "DPABC"))).toEqual({ screen: "account", id: "DPABC" });
});

test("an address that is none leads to the first screen", () => {
  for (const hash of ["", "#", "#/", "#/nowhere", "#activate=ABCDEFGHJK"]) {
    expect(parseRoute(hash)).toEqual({ screen: "home", id: "" });
  }
});

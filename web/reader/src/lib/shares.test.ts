import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

import { newPrivateKey } from "./keys.ts";
import { combine, split } from "./shares.ts";

const vector = JSON.parse(readFileSync(new URL("../../../../vectors/history.json", import.meta.url), "utf8")) as {
  shares: { secret: string; texts: string[] };
};
const PAIRS = [
  [0, 1],
  [1, 2],
  [2, 0],
] as const;
const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

test.each(PAIRS)("any two shares of the worked example give its secret back: %i and %i", async (a, b) => {
  const { secret, texts } = vector.shares;
  expect(hex(await combine(texts[a] ?? "", texts[b] ?? ""))).toBe(secret);
  expect(hex(await combine((texts[a] ?? "").toLowerCase().replaceAll("-", " "), texts[b] ?? ""))).toBe(secret);
});

test.each(PAIRS)("any two shares made here give the key back: %i and %i", async (a, b) => {
  const key = await newPrivateKey();
  const shares = await split(key);
  expect(shares).toHaveLength(3);
  expect(await combine(shares[a] ?? "", shares[b] ?? "")).toEqual(key);
});

test("one share twice, shares of two keys, and a mistyped one are refused", async () => {
  const [one = "", two = ""] = await split(await newPrivateKey());
  const [, other = ""] = await split(await newPrivateKey());
  await expect(combine(one, one)).rejects.toMatchObject({ why: "refused" });
  await expect(combine(one, other)).rejects.toMatchObject({ why: "refused" });
  const wrong = two.replace(/.$/, (letter) => (letter === "A" ? "B" : "A"));
  await expect(combine(one, wrong)).rejects.toMatchObject({ why: "malformed" });
  await expect(combine(one, two.slice(1))).rejects.toMatchObject({ why: "malformed" });
});

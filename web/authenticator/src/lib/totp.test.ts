import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

import { fromBase32, utf8 } from "./bytes.ts";
import { hotp, importKey, importSecret, inHalves, secondsLeft, stepOf } from "./totp.ts";

const VECTORS = new URL("../../../../vectors/oath/", import.meta.url);
const KEY = utf8("12345678901234567890");

function rows(file: string): string[][] {
  const lines = readFileSync(new URL(file, VECTORS), "utf8").split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => line.split(/\s+/));
}

test("codes by time are RFC 6238's, appendix B", async () => {
  const key = await importKey(KEY);
  const sha1 = rows("rfc6238-appendix-b.txt").filter((row) => row[4] === "SHA1");
  expect(sha1.length).toBe(6);
  for (const [time, , , code] of sha1) expect(await hotp(key, stepOf(Number(time), 30), 8)).toBe(code);
});

test("codes by counter are RFC 4226's, appendix D", async () => {
  const key = await importKey(KEY);
  const codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
  for (const [counter, code] of codes.entries()) expect(await hotp(key, counter, 6)).toBe(code);
});

test("a secret in base32 gives the same codes and cannot be read out", async () => {
  expect(fromBase32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")).toEqual(KEY);
  const key = await importSecret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  expect(await hotp(key, 1, 6)).toBe("287082");
  await expect(crypto.subtle.exportKey("raw", key)).rejects.toThrow();
});

test("a step lasts its period, to the second", () => {
  expect([stepOf(59, 30), stepOf(60, 30)]).toEqual([1, 2]);
  expect([secondsLeft(59, 30), secondsLeft(60, 30), secondsLeft(60.9, 30)]).toEqual([1, 30, 30]);
});

test("a code is shown in halves", () => {
  expect([inHalves("123456"), inHalves("12345678"), inHalves("1234567")]).toEqual(["123 456", "1234 5678", "1234 567"]);
});

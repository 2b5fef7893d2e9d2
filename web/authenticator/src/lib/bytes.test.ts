import { expect, test } from "vitest";

import { fromBase32, fromBase64url, toBase64url, utf8 } from "./bytes.ts";

test("base64url has RFC 4648 §10's letters without padding, and comes back", () => {
  const pairs: [string, string][] = [
    ["", ""],
    ["f", "Zg"],
    ["fo", "Zm8"],
    ["foo", "Zm9v"],
    ["foobar", "Zm9vYmFy"],
  ];
  for (const [plain, coded] of pairs) {
    expect(toBase64url(utf8(plain))).toBe(coded);
    expect(fromBase64url(coded)).toEqual(utf8(plain));
  }
  expect(toBase64url(new Uint8Array([0xfb, 0xff]))).toBe("-_8");
});

test("base64url refuses padding, the other alphabet and impossible lengths", () => {
  for (const bad of ["Zg==", "+/8", "Z", "Z g"]) expect(() => fromBase64url(bad)).toThrow("not base64url");
});

test("base32 reads RFC 4648 §10's vectors, padded or not, in either case", () => {
  const pairs: [string, string][] = [
    ["", ""],
    ["MY======", "f"],
    ["MZXQ", "fo"],
    ["mzxw6", "foo"],
    ["MZXW6YTBOI======", "foobar"],
  ];
  for (const [coded, plain] of pairs) expect(fromBase32(coded)).toEqual(utf8(plain));
});

test("base32 refuses other letters, impossible lengths and bits left over", () => {
  for (const bad of ["M1", "MZ!", "M", "MZ"]) expect(() => fromBase32(bad)).toThrow("not base32");
});

import { expect, test } from "vitest";

import { decode, encode } from "./base64url.ts";

test("bytes of every kind come back", () => {
  for (let length = 0; length < 9; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => 255 - i * 37);
    expect(decode(encode(bytes))).toEqual(bytes);
  }
});

test("it is the form of JOSE", () => {
  expect(encode(new Uint8Array([251, 255, 254]))).toBe("-__-");
  expect(encode(new Uint8Array([1]))).toBe("AQ");
});

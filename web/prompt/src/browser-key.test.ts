import "fake-indexeddb/auto";
import { expect, test } from "vitest";

import { browserKey } from "./browser-key.ts";

test("a browser has one key, which nobody can take out", async () => {
  const [one, other] = await Promise.all([browserKey(), browserKey()]);
  const later = await browserKey();
  const raw = async (pair: CryptoKeyPair) => new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  expect(await raw(other)).toEqual(await raw(one));
  expect(await raw(later)).toEqual(await raw(one));
  expect(later.privateKey.extractable).toBe(false);
});

import { IDBFactory } from "fake-indexeddb";
import { expect, test } from "vitest";

import { newDeviceKey, sign } from "./sign.ts";
import { Store, type Account } from "./store.ts";
import { hotp, importSecret } from "./totp.ts";

async function account(id: string, order: number): Promise<Account> {
  return {
    id,
    tenant: "Demo",
    username: "ada",
    label: "",
    added: 1,
    signer: (await newDeviceKey()).privateKey,
    totp: await importSecret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
    digits: 6,
    period: 30,
    order,
    endpoint: "",
  };
}

test("keys come back as handles that work and cannot be read out", async () => {
  const factory = new IDBFactory();
  await (await Store.open(factory)).put(await account("DP1", 1));
  const [kept] = await (await Store.open(factory)).accounts();
  if (!kept) throw new Error("nothing was kept");
  expect(await hotp(kept.totp, 1, 6)).toBe("287082");
  expect((await sign(kept.signer, new Uint8Array(1))).length).toBe(86);
  await expect(crypto.subtle.exportKey("pkcs8", kept.signer)).rejects.toThrow();
});

test("accounts come in the order they were added", async () => {
  const store = await Store.open(new IDBFactory());
  for (const [id, order] of [
    ["DP1", 2],
    ["DP2", 1],
  ] as const)
    await store.put(await account(id, order));
  expect((await store.accounts()).map(({ id }) => id)).toEqual(["DP2", "DP1"]);
});

test("a change to an account that was removed meanwhile does not bring it back", async () => {
  const store = await Store.open(new IDBFactory());
  await store.put(await account("DP1", 1));
  await store.update("DP1", { label: "Work" });
  expect((await store.accounts())[0]?.label).toBe("Work");
  await store.remove("DP1");
  await store.update("DP1", { label: "Again" });
  expect(await store.accounts()).toEqual([]);
});

test("an ended account leaves its name, not its keys; binding it again ends the explanation", async () => {
  const store = await Store.open(new IDBFactory());
  const one = await account("DP1", 1);
  await store.put(one);
  await store.end(one, 99);
  expect(await store.accounts()).toEqual([]);
  expect(await store.ended()).toEqual([{ id: "DP1", tenant: "Demo", username: "ada", ended: 99 }]);
  await store.put(one);
  expect(await store.ended()).toEqual([]);
});

test("settings change one by one", async () => {
  const store = await Store.open(new IDBFactory());
  await store.set({ locale: "fr" });
  await store.set({ clockOffset: 7 });
  expect(await store.settings()).toEqual({ locale: "fr", clockOffset: 7 });
});

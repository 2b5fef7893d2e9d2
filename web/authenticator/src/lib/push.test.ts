import { expect, test } from "vitest";

import type { DeviceClient, PushSubscriptionKeys } from "./client.ts";
import { announce, keysOf, subscribeAll } from "./push.ts";
import type { Account } from "./store.ts";

const KEY = "BAEC";

function buffer(...bytes: number[]): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function subscription(endpoint: string, key: ArrayBuffer | null = buffer(4, 1, 2)) {
  const out = {
    endpoint,
    options: { applicationServerKey: key, userVisibleOnly: true },
    getKey: (name: string) => (name === "p256dh" ? buffer(1, 2, 3) : buffer(255)),
    ended: false,
    unsubscribe: () => Promise.resolve((out.ended = true)),
  };
  return out;
}

// A push manager that holds `held` at first and makes "new" when asked.
function manager(held: ReturnType<typeof subscription> | null) {
  const out = {
    made: [] as PushSubscriptionOptionsInit[],
    getSubscription: () => Promise.resolve(held),
    subscribe: (options: PushSubscriptionOptionsInit) => {
      out.made.push(options);
      return Promise.resolve(subscription("https://push.example/new"));
    },
  };
  return out;
}

function subscriber(...accounts: Partial<Account>[]) {
  const told: [string, PushSubscriptionKeys][] = [];
  const kept: [string, string | undefined][] = [];
  const list = accounts as Account[];
  const client = (account: Account) =>
    ({
      pushKey: () => Promise.resolve(KEY),
      subscribe: (keys: PushSubscriptionKeys) => {
        if (account.username === "broken") return Promise.reject(new Error("away"));
        told.push([account.id, keys]);
        return Promise.resolve();
      },
    }) as unknown as DeviceClient;
  const store = {
    update: (id: string, change: Partial<Account>) => Promise.resolve(void kept.push([id, change.endpoint])),
  };
  return { told, kept, to: { accounts: list, client, store } };
}

const asManager = (fake: unknown) => fake as PushManager;
const asSubscription = (fake: unknown) => fake as PushSubscription;

test("the server gets endpoint and keys in base64url", () => {
  expect(keysOf(asSubscription(subscription("https://push.example/a")))).toEqual({
    endpoint: "https://push.example/a",
    keys: { p256dh: "AQID", auth: "_w" },
  });
});

test("subscribes with the server's key and tells it for every account", async () => {
  const fake = manager(null);
  const { to, told, kept } = subscriber({ id: "DP1", endpoint: "" }, { id: "DP2", endpoint: "" });
  await subscribeAll(asManager(fake), to);
  expect(fake.made).toEqual([{ userVisibleOnly: true, applicationServerKey: new Uint8Array([4, 1, 2]) }]);
  expect(told.map(([id, { endpoint }]) => [id, endpoint])).toEqual([
    ["DP1", "https://push.example/new"],
    ["DP2", "https://push.example/new"],
  ]);
  expect(kept.length).toBe(2);
});

test("keeps a subscription for the same key, and tells only who does not know it", async () => {
  const fake = manager(subscription("https://push.example/old"));
  const { to, told } = subscriber({ id: "DP1", endpoint: "https://push.example/old" }, { id: "DP2", endpoint: "" });
  await subscribeAll(asManager(fake), to);
  expect(fake.made).toEqual([]);
  expect(told.map(([id]) => id)).toEqual(["DP2"]);
});

test("replaces a subscription for another key", async () => {
  const old = subscription("https://push.example/old", buffer(4, 9, 9));
  const fake = manager(old);
  await subscribeAll(asManager(fake), subscriber({ id: "DP1", endpoint: "" }).to);
  expect([old.ended, fake.made.length]).toEqual([true, 1]);
});

test("one account's failure leaves the others and is told", async () => {
  const { to, told } = subscriber({ id: "DP1", username: "broken", endpoint: "" }, { id: "DP2", endpoint: "" });
  await expect(announce(asSubscription(subscription("https://push.example/a")), to)).rejects.toThrow("away");
  expect(told.map(([id]) => id)).toEqual(["DP2"]);
});

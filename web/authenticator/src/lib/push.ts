// Web Push: the server may say "look", and nothing else. One subscription of this browser serves all its accounts.
import { fromBase64url, toBase64url } from "./bytes.ts";
import type { DeviceClient, PushSubscriptionKeys } from "./client.ts";
import type { Account, Store } from "./store.ts";

export interface Subscriber {
  accounts: Account[];
  client(account: Account): DeviceClient;
  store: Pick<Store, "update">;
}

export function keysOf(subscription: PushSubscription): PushSubscriptionKeys {
  const part = (name: PushEncryptionKeyName) =>
    toBase64url(new Uint8Array(subscription.getKey(name) ?? new ArrayBuffer(0)));
  return { endpoint: subscription.endpoint, keys: { p256dh: part("p256dh"), auth: part("auth") } };
}

// Subscribes where that has not been done for the server's present key. Permission must have been given.
export async function subscribed(manager: PushManager, serverKey: string): Promise<PushSubscription> {
  const key = fromBase64url(serverKey);
  const before = await manager.getSubscription();
  const sameKey =
    before?.options.applicationServerKey && toBase64url(new Uint8Array(before.options.applicationServerKey));
  if (before && sameKey === serverKey) return before;
  await before?.unsubscribe();
  return manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

// Tells the server for each account where to send, unless it knows. One account's failure leaves the others.
export async function announce(subscription: PushSubscription, to: Subscriber): Promise<void> {
  const keys = keysOf(subscription);
  const work = to.accounts
    .filter((account) => account.endpoint !== keys.endpoint)
    .map(async (account) => {
      await to.client(account).subscribe(keys);
      await to.store.update(account.id, { endpoint: keys.endpoint });
      account.endpoint = keys.endpoint;
    });
  const failed = (await Promise.allSettled(work)).find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

// From scratch to announced; asks the first account for the server's key.
export async function subscribeAll(manager: PushManager, to: Subscriber): Promise<void> {
  const first = to.accounts[0];
  if (!first) return;
  await announce(await subscribed(manager, await to.client(first).pushKey()), to);
}

/// <reference lib="webworker" />
// The service worker: keeps the shell for use without network, and says that a sign-in waits.
import { DeviceClient } from "./lib/client.ts";
import { ServerClock } from "./lib/clock.ts";
import { direction, pickLocale } from "./lib/locale.ts";
import { subscribeAll } from "./lib/push.ts";
import { Store, type Account } from "./lib/store.ts";
import { m } from "./paraglide/messages.js";

declare const self: ServiceWorkerGlobalScope;
declare const SHELL_VERSION: string;
declare const SHELL_FILES: string[];

const ROOT = "/authenticator/";
const OURS = "countersign-authenticator-";
const CACHE = OURS + SHELL_VERSION;
const TAG = "signin";
const LOOK_LIMIT_MS = 4_000;

// All or nothing: an install without every file fails, and the old version stays.
self.addEventListener("install", (event) => {
  const files = SHELL_FILES.map((file) => new Request(ROOT + (file === "index.html" ? "" : file), { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(files)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const old = (await caches.keys()).filter((name) => name.startsWith(OURS) && name !== CACHE);
      await Promise.all(old.map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("message", (event) => {
  if (event.data === "use the new version") void self.skipWaiting();
});

// Only the shell is answered here. Calls of the protocol go to the server, always.
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin || !url.pathname.startsWith(ROOT)) return;
  const page = event.request.mode === "navigate";
  event.respondWith(
    (async () => {
      const cache = await caches.open(CACHE);
      const kept = await cache.match(page ? ROOT : url.pathname);
      return kept ?? fetch(event.request);
    })(),
  );
});

// The message says "look" and no more, so this looks, with the devices' own keys, and says as little: whether a sign-in
// waits, never whose or where. A notification there must be, also where the server cannot be asked.
self.addEventListener("push", (event) => {
  event.waitUntil(
    (async () => {
      const store = await Store.open().catch(() => undefined);
      const settings = (await store?.settings()) ?? {};
      const locale = pickLocale(settings.locale, self.navigator.languages);
      const signin = store !== undefined && (await signinWaits(store));
      await self.registration.showNotification(signin ? m.push_title({}, { locale }) : m.push_look({}, { locale }), {
        body: m.push_body({}, { locale }),
        tag: TAG,
        renotify: true,
        requireInteraction: true,
        icon: `${ROOT}icon-192.png`,
        badge: `${ROOT}badge-96.png`,
        lang: locale,
        dir: direction(locale),
      } as NotificationOptions);
    })(),
  );
});

async function signinWaits(store: Store): Promise<boolean> {
  const clients = await deviceClients(store);
  const each = (await store.accounts()).map(async (account) => {
    const waiting = await clients(account).requests(0, AbortSignal.timeout(LOOK_LIMIT_MS));
    return waiting.length > 0 || Promise.reject(new Error("nothing waits"));
  });
  return Promise.any(each).catch(() => false);
}

async function deviceClients(store: Store): Promise<(account: Account) => DeviceClient> {
  const clock = new ServerClock((await store.settings()).clockOffset ?? 0);
  const around = { host: self.location.host, clock, fetch: self.fetch.bind(self) };
  return (account) => new DeviceClient(account, around);
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(
    (async () => {
      const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
      const open = windows.find((window) => new URL(window.url).pathname.startsWith(ROOT));
      if (open) await open.focus();
      else await self.clients.openWindow(ROOT);
    })(),
  );
});

// The push service gave the subscription another address, perhaps while no page of ours was open.
self.addEventListener("pushsubscriptionchange", (event) => {
  (event as ExtendableEvent).waitUntil(
    (async () => {
      const store = await Store.open();
      const client = await deviceClients(store);
      await subscribeAll(self.registration.pushManager, { accounts: await store.accounts(), client, store });
    })(),
  );
});

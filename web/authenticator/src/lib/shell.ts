// The service worker as the page sees it: registration, and the way to a new version.
declare const trustedTypes:
  | {
      createPolicy(
        name: string,
        rules: { createScriptURL(url: string): string },
      ): { createScriptURL(url: string): string };
    }
  | undefined;

const WORKER = "/authenticator/sw.js";
const LOOK_EVERY_MS = 60 * 60 * 1000;

// Under `require-trusted-types-for 'script'` a worker's address must come from a policy; this one knows one address.
function workerAddress(): string {
  if (typeof trustedTypes === "undefined") return WORKER;
  return trustedTypes.createPolicy("countersign-worker", { createScriptURL: () => WORKER }).createScriptURL("");
}

export async function register(updateReady: () => void): Promise<ServiceWorkerRegistration | undefined> {
  if (!("serviceWorker" in navigator)) return undefined;
  const registration = await navigator.serviceWorker.register(workerAddress(), { scope: "/authenticator/" });
  // Without a controller this is the first visit, and there is nothing old to replace.
  const waiting = () => registration.waiting && navigator.serviceWorker.controller && updateReady();
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", waiting);
  });
  waiting();
  let looked = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible" || Date.now() - looked < LOOK_EVERY_MS) return;
    looked = Date.now();
    registration.update().catch(() => {});
  });
  return registration;
}

// Other windows of ours change over too: one worker serves all of them.
export function useNewVersion(registration: ServiceWorkerRegistration | undefined): void {
  if (!registration?.waiting) return location.reload();
  registration.waiting.postMessage("use the new version");
}

export function reloadWhenReplaced(): void {
  if (!("serviceWorker" in navigator)) return;
  let controlled = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (controlled) location.reload();
    controlled = true;
  });
  // A part of an old version that is on no server any more.
  window.addEventListener("vite:preloadError", () => location.reload());
}

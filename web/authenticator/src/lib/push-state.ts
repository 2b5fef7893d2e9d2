// Whether this browser can be told that a sign-in waits, and what stands in the way.
import { m } from "../paraglide/messages.js";
import { DeviceError } from "./client.ts";

export type PushState = "unsupported" | "install first" | "blocked" | "off" | "on";

// On an iPhone or iPad, push exists only for what was put on the home screen.
export function pushState(registration: ServiceWorkerRegistration | undefined, subscribed: boolean): PushState {
  if (!registration?.pushManager || !("Notification" in globalThis))
    return isApplePhone() ? "install first" : "unsupported";
  if (Notification.permission === "denied") return "blocked";
  return Notification.permission === "granted" && subscribed ? "on" : "off";
}

function isApplePhone(): boolean {
  const standalone = (navigator as { standalone?: boolean }).standalone;
  return standalone === false && navigator.maxTouchPoints > 1;
}

// In words. A server sends through the push services that its operator allows, and no others.
export function pushProblem(cause: unknown): string {
  return cause instanceof DeviceError && cause.status === 403 ? m.push_not_allowed() : m.push_failed();
}

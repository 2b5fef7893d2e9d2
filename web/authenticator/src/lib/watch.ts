// Keeps looking for what waits: by the event stream, and by long polls where something on the way holds streams back.
import { DeviceError, FIRST_EVENT_LIMIT_MS, readRequests, SILENCE_LIMIT_MS } from "./client.ts";
import type { DeviceClient, PendingRequest } from "./client.ts";

export type Watched = Pick<DeviceClient, "events" | "requests">;

export interface Watcher {
  requests(list: PendingRequest[]): void;
  gone(): void; // the server has unbound this device
  refused(): void; // the server does not accept its signature; perhaps unbound while we were away
  reached(yes: boolean): void;
}

// A glance now and then holds no connection to the server, of which a browser opens six.
export type Manner = "stream" | "long poll" | "glance";

export interface WatchOptions {
  manner?: Manner;
  pace?: Pace;
}

export interface Pace {
  delay(ms: number, signal: AbortSignal): Promise<void>;
}

const RETRY_MS = 1_000;
const RETRY_MAX_MS = 60_000;
// While something waits, a long poll answers at once.
const BUSY_POLL_MS = 2_000;
const GLANCE_MS = 10_000;
const POLL_WAIT_S = 25;

export const realPace: Pace = {
  delay: (ms, signal) =>
    new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener("abort", end);
    }),
};

type Step = "again" | "over" | "no stream";

// Runs until `signal` or until the device is no longer accepted.
export async function watch(
  client: Watched,
  to: Watcher,
  signal: AbortSignal,
  options: WatchOptions = {},
): Promise<void> {
  const pace = options.pace ?? realPace;
  let manner = options.manner ?? "stream";
  let failures = 0;
  while (!signal.aborted) {
    try {
      const look = { stream, "long poll": longPoll, glance }[manner];
      const step = await look(client, to, signal, pace);
      if (step === "over") return;
      if (step === "no stream") manner = "long poll";
      else if (manner === "stream") await pace.delay(RETRY_MS, signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof DeviceError && error.code === "refused") return to.refused();
      to.reached(false);
      failures += 1;
      await pace.delay(Math.min(RETRY_MS * 2 ** (failures - 1), RETRY_MAX_MS), signal);
    }
  }
}

async function stream(client: Watched, to: Watcher, signal: AbortSignal, pace: Pace): Promise<Step> {
  const here = new AbortController();
  const either = AbortSignal.any([signal, here.signal]);
  let first = true;
  let alarm = new AbortController();
  const guard = (ms: number) => {
    alarm.abort();
    const mine = (alarm = new AbortController());
    void pace.delay(ms, mine.signal).then(() => mine.signal.aborted || here.abort());
  };
  try {
    guard(FIRST_EVENT_LIMIT_MS);
    const events = client.events(either, () => first || guard(SILENCE_LIMIT_MS));
    for await (const event of events) {
      first = false;
      guard(SILENCE_LIMIT_MS);
      if (event.name === "gone") {
        to.gone();
        return "over";
      }
      if (event.name !== "requests") continue;
      to.reached(true);
      to.requests(readRequests(JSON.parse(event.data)));
    }
    return first ? "no stream" : "again";
  } catch (error) {
    // Held back rather than lost: the long poll says whether the server is there at all.
    if (first && here.signal.aborted && !signal.aborted) return "no stream";
    throw error;
  } finally {
    alarm.abort();
    here.abort();
  }
}

async function longPoll(client: Watched, to: Watcher, signal: AbortSignal, pace: Pace): Promise<Step> {
  if ((await poll(client, to, signal, POLL_WAIT_S)) > 0) await pace.delay(BUSY_POLL_MS, signal);
  return "again";
}

async function glance(client: Watched, to: Watcher, signal: AbortSignal, pace: Pace): Promise<Step> {
  await poll(client, to, signal, 0);
  await pace.delay(GLANCE_MS, signal);
  return "again";
}

async function poll(client: Watched, to: Watcher, signal: AbortSignal, waitSeconds: number): Promise<number> {
  const list = await client.requests(waitSeconds, signal);
  to.reached(true);
  to.requests(list);
  return list.length;
}

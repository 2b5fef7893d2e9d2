// Calls of the device protocol (docs/protocols/device.md). The server is always our own origin.
import type { ServerClock } from "./clock.ts";
import { answerMessage, authorization, newDeviceKey, publicPoint, sign, type Decision } from "./sign.ts";
import type { Account } from "./store.ts";
import { EventParser, type ServerEvent } from "./stream.ts";
import { importSecret } from "./totp.ts";

export interface PendingRequest {
  id: string;
  application: string;
  type: string;
  username: string;
  address: string;
  browser?: string;
  os?: string;
  info: [string, string][];
  digits: number;
  created: number;
  expires: number;
}

export interface Notice {
  id: string;
  kind: string;
  created: number;
  text: string;
}

export interface Outcome {
  state: "allowed" | "denied" | "fraud";
  reason: string;
}

// As PushSubscription.toJSON() writes it.
export interface PushSubscriptionKeys {
  endpoint: string;
  keys: { p256dh: string; auth: string };
}

// `code` is the protocol's word, or "away" where no answer came.
export class DeviceError extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    message: string,
    readonly serverTime?: number,
  ) {
    super(message);
  }
}

export interface Surroundings {
  host: string;
  clock: ServerClock;
  fetch: typeof fetch;
}

interface Call {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  query?: string;
  body?: unknown;
  signal?: AbortSignal;
  limitMs?: number;
}

const ANSWER_LIMIT_MS = 15_000;
// The server sends a comment every 15 s into a silent stream; three missed ones mean that nobody is there.
export const SILENCE_LIMIT_MS = 45_000;
// The first event is sent at once. A middlebox that holds it back will hold the next ones back too.
export const FIRST_EVENT_LIMIT_MS = 8_000;

async function problem(response: Response): Promise<DeviceError> {
  let said: { error?: unknown; message?: unknown; server_time?: unknown } = {};
  try {
    said = (await response.json()) as typeof said;
  } catch {
    // Not the server's own answer, perhaps a proxy's.
  }
  const code = typeof said.error === "string" ? said.error : "unavailable";
  const message = typeof said.message === "string" ? said.message : response.statusText;
  const time = typeof said.server_time === "number" ? said.server_time : undefined;
  return new DeviceError(code, response.status, message, time);
}

export class DeviceClient {
  constructor(
    private readonly account: Pick<Account, "id" | "signer">,
    private readonly around: Surroundings,
  ) {}

  async requests(waitSeconds: number, signal?: AbortSignal): Promise<PendingRequest[]> {
    const call: Call = { method: "GET", path: "/device/v1/requests", query: `wait=${waitSeconds}` };
    const limitMs = waitSeconds * 1000 + ANSWER_LIMIT_MS;
    return readRequests(await this.#json({ ...call, limitMs, ...(signal && { signal }) }));
  }

  async answer(requestId: string, decision: Decision, number: string): Promise<Outcome> {
    const typed = decision === "approve" ? number : "";
    const signature = await sign(this.account.signer, answerMessage(requestId, typed, decision));
    const path = `/device/v1/requests/${encodeURIComponent(requestId)}/answer`;
    return (await this.#json({ method: "POST", path, body: { decision, number: typed, signature } })) as Outcome;
  }

  async notices(): Promise<Notice[]> {
    const said = (await this.#json({ method: "GET", path: "/device/v1/notices" })) as { notices?: unknown };
    return Array.isArray(said.notices) ? (said.notices as Notice[]) : [];
  }

  async pushKey(): Promise<string> {
    return ((await this.#json({ method: "GET", path: "/device/v1/push-key" })) as { key: string }).key;
  }

  async subscribe(keys: PushSubscriptionKeys): Promise<void> {
    await this.#send({ method: "PUT", path: "/device/v1/subscription", body: keys, limitMs: ANSWER_LIMIT_MS });
  }

  async unsubscribe(): Promise<void> {
    await this.#send({ method: "DELETE", path: "/device/v1/subscription", limitMs: ANSWER_LIMIT_MS });
  }

  // The server's events as they come. `heard` is called for every piece, also for comments.
  async *events(signal: AbortSignal, heard: () => void): AsyncGenerator<ServerEvent> {
    const response = await this.#send({ method: "GET", path: "/device/v1/events", signal });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (!reader) throw new DeviceError("unavailable", response.status, "no stream");
    const parser = new EventParser();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        heard();
        yield* parser.push(value);
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  async #json(call: Call): Promise<unknown> {
    const response = await this.#send({ limitMs: ANSWER_LIMIT_MS, ...call });
    try {
      return await response.json();
    } catch (error) {
      throw new DeviceError("away", 0, String(error));
    }
  }

  // Signs and sends; after `error: "clock"` once more with the server's time.
  async #send(call: Call): Promise<Response> {
    const first = await this.#once(call);
    if (first.ok) return first;
    const refused = await problem(first);
    if (refused.code !== "clock" || refused.serverTime === undefined) throw refused;
    this.around.clock.set(refused.serverTime);
    const second = await this.#once(call);
    if (second.ok) return second;
    throw await problem(second);
  }

  async #once(call: Call): Promise<Response> {
    const { host, clock } = this.around;
    const body = call.body === undefined ? "" : JSON.stringify(call.body);
    const query = call.query ?? "";
    const parts = { method: call.method, host, path: call.path, query, ts: Math.floor(clock.now()), body };
    const headers: Record<string, string> = {
      Authorization: await authorization(this.account.signer, this.account.id, parts),
    };
    if (body !== "") headers["Content-Type"] = "application/json";
    const signals = [call.signal, call.limitMs ? AbortSignal.timeout(call.limitMs) : undefined];
    return reach(this.around, call.path + (query ? `?${query}` : ""), {
      method: call.method,
      headers,
      ...(body !== "" && { body }),
      signal: AbortSignal.any(signals.filter((one) => one !== undefined)),
    });
  }
}

// Every call goes this way: nothing cached, nothing with cookies, no redirect followed.
async function reach(around: Surroundings, path: string, options: RequestInit): Promise<Response> {
  const asked = Date.now() / 1000;
  try {
    const response = await around.fetch(path, {
      ...options,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
    });
    around.clock.hear(response.headers.get("date"), asked);
    return response;
  } catch (error) {
    throw new DeviceError("away", 0, String(error));
  }
}

// Numbers and text as the protocol says; anything else is not for people's eyes.
export function readRequests(said: unknown): PendingRequest[] {
  const list = (said as { requests?: unknown } | null)?.requests;
  if (!Array.isArray(list)) throw new DeviceError("malformed", 0, "no list of requests");
  return list.map((one: Record<string, unknown>) => ({
    id: text(one.id),
    application: text(one.application),
    type: text(one.type),
    username: text(one.username),
    address: text(one.address),
    info: Array.isArray(one.info) ? one.info.map((pair: unknown[]) => [text(pair[0]), text(pair[1])]) : [],
    digits: whole(one.digits),
    created: whole(one.created),
    expires: whole(one.expires),
  }));
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

// A length of the number that cannot be read must not become "none needed".
function whole(value: unknown): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
    throw new DeviceError("malformed", 0, "not a whole number");
  }
  return value;
}

interface Activated {
  device_id: string;
  tenant: string;
  username: string;
  totp: { secret: string; digits: number; period: number };
}

// Makes a key, binds it with the code, and gives back what is to be kept. The code works once, so the key is made
// first and nothing that can fail stands between the answer and the store.
export async function activate(code: string, platform: string, around: Surroundings): Promise<Account> {
  const pair = await newDeviceKey();
  const response = await reach(around, "/device/v1/activate", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code, public_key: await publicPoint(pair), platform }),
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
  });
  if (!response.ok) throw await problem(response);
  const said = (await response.json()) as Activated;
  return {
    id: said.device_id,
    tenant: said.tenant,
    username: said.username,
    label: "",
    added: Math.floor(around.clock.now()),
    signer: pair.privateKey,
    totp: await importSecret(said.totp.secret),
    digits: said.totp.digits,
    period: said.totp.period,
    order: Date.now(),
    endpoint: "",
  };
}

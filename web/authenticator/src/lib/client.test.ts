import { expect, test } from "vitest";

import { fromBase64url, utf8 } from "./bytes.ts";
import { activate, DeviceClient, DeviceError, readRequests } from "./client.ts";
import { ServerClock } from "./clock.ts";
import { answerMessage, newDeviceKey, requestMessage } from "./sign.ts";

interface Asked {
  path: string;
  method: string;
  body: string;
  headers: Record<string, string>;
}

const pair = await newDeviceKey();

// A server that answers what it is given, in turn, and keeps what it was asked.
function server(...answers: [number, unknown][]) {
  const asked: Asked[] = [];
  const clock = new ServerClock(
    0,
    () => {},
    () => 1_700_000_000,
  );
  const fake = (path: string, options: RequestInit) => {
    const headers = options.headers as Record<string, string>;
    asked.push({ path, method: options.method ?? "", body: (options.body as string | undefined) ?? "", headers });
    const [status, body] = answers.shift() ?? [500, {}];
    return Promise.resolve(new Response(typeof body === "string" ? body : JSON.stringify(body), { status }));
  };
  const around = { host: "mfa.example", clock, fetch: fake as typeof fetch };
  return { asked, around, clock, client: new DeviceClient({ id: "DPABC", signer: pair.privateKey }, around) };
}

async function failure(work: Promise<unknown>): Promise<DeviceError> {
  const caught: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(caught).toBeInstanceOf(DeviceError);
  return caught as DeviceError;
}

function verify(signature: string | undefined, message: Uint8Array<ArrayBuffer>): Promise<boolean> {
  return crypto.subtle.verify(
    { name: "ECDSA", hash: "SHA-256" },
    pair.publicKey,
    fromBase64url(signature ?? ""),
    message,
  );
}

test("a call is signed for what is sent: path, query and body", async () => {
  const { client, asked } = server([200, { requests: [] }], [200, { state: "allowed", reason: "user_approved" }]);
  await client.requests(25);
  await client.answer("6f0c", "approve", "482");
  for (const { path, method, body, headers } of asked) {
    const [before = "", query = ""] = path.split("?");
    const parts = { method, host: "mfa.example", path: before, query, ts: 1_700_000_000, body };
    const signature = /signature="([^"]+)"/.exec(headers.Authorization ?? "")?.[1];
    expect(await verify(signature, utf8(await requestMessage(parts))), path).toBe(true);
  }
  expect(asked.map(({ path }) => path)).toEqual(["/device/v1/requests?wait=25", "/device/v1/requests/6f0c/answer"]);
});

test("an answer is signed by itself, and only an approval carries the number", async () => {
  const { client, asked } = server([200, {}], [200, {}]);
  await client.answer("6f0c", "approve", "482");
  await client.answer("6f0c", "fraud", "482");
  const [yes, no] = asked.map(({ body }) => JSON.parse(body) as Record<string, string>);
  expect(await verify(yes?.signature, answerMessage("6f0c", "482", "approve"))).toBe(true);
  expect(no?.number).toBe("");
  expect(await verify(no?.signature, answerMessage("6f0c", "", "fraud"))).toBe(true);
});

test("a clock that is off is set and the call is made once more", async () => {
  const clock = { error: "clock", message: "", server_time: 1_700_001_000 };
  const { client, asked, around } = server([401, clock], [200, { requests: [] }]);
  await client.requests(0);
  expect(asked.map(({ headers }) => /ts="(\d+)"/.exec(headers.Authorization ?? "")?.[1])).toEqual([
    "1700000000",
    "1700001000",
  ]);
  expect(around.clock.offset).toBe(1000);
});

test("a clock that stays off is an error, not a loop", async () => {
  const clock = { error: "clock", message: "", server_time: 1_700_001_000 };
  const { client, asked } = server([401, clock], [401, clock], [401, clock]);
  expect((await failure(client.requests(0))).code).toBe("clock");
  expect(asked.length).toBe(2);
});

test("errors keep the protocol's word, and no answer is 'away'", async () => {
  expect((await failure(server([409, { error: "conflict", message: "" }]).client.answer("a", "deny", ""))).code).toBe(
    "conflict",
  );
  expect((await failure(server([502, "<html>"]).client.requests(0))).code).toBe("unavailable");
  const { around } = server();
  const broken = { ...around, fetch: () => Promise.reject(new TypeError("network")) };
  const client = new DeviceClient({ id: "DPABC", signer: pair.privateKey }, broken);
  expect((await failure(client.requests(0))).code).toBe("away");
});

test("a length of the number that cannot be read never becomes 'none needed'", () => {
  const good = { id: "a", digits: 3, created: 1, expires: 2 };
  expect(readRequests({ requests: [good] })[0]).toMatchObject({ digits: 3, application: "", info: [] });
  for (const digits of [undefined, null, "0", -1, 1.5]) {
    expect(() => readRequests({ requests: [{ ...good, digits }] }), String(digits)).toThrow("not a whole number");
  }
  expect(() => readRequests({})).toThrow("no list");
});

test("activation sends a new public key and keeps the secret as a handle only", async () => {
  const totp = { secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", digits: 6, period: 30 };
  const { around, asked } = server([200, { device_id: "DPNEW", tenant: "Demo", username: "ada", server: "x", totp }]);
  const account = await activate("ABCDEFGH", "Android", around);
  const sent = JSON.parse(asked[0]?.body ?? "") as Record<string, string>;
  expect([sent.code, sent.platform, fromBase64url(sent.public_key ?? "").length]).toEqual(["ABCDEFGH", "Android", 65]);
  expect(asked[0]?.headers.Authorization).toBeUndefined();
  expect(account).toMatchObject({ id: "DPNEW", tenant: "Demo", username: "ada", digits: 6, period: 30 });
  expect([account.totp.extractable, account.signer.extractable]).toEqual([false, false]);
  expect(JSON.stringify(account)).not.toContain(totp.secret);
});

test("events come out of the body as it arrives", async () => {
  const { client } = server([200, 'event: requests\ndata: {"requests":[]}\n\nevent: gone\ndata: {}\n\n']);
  const names: string[] = [];
  for await (const event of client.events(new AbortController().signal, () => {})) names.push(event.name);
  expect(names).toEqual(["requests", "gone"]);
});

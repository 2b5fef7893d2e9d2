import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

import { concat, text, toBase64url, uint, utf8, type Bytes } from "./bytes.ts";
import { rootOf, rowHash } from "./epoch.ts";
import { Opening, parseLine, readPreamble } from "./export.ts";
import { aesKey, derive, keyPair, newPrivateKey, random, seal } from "./keys.ts";
import { unwrapSlot, wrap } from "./slot.ts";

const vector = JSON.parse(readFileSync(new URL("../../../../vectors/history.json", import.meta.url), "utf8")) as {
  tenant: string;
  day: number;
  day_key: string;
  epoch_key: string;
  header: string;
  epoch_id: string;
  base_nonce: string;
  recipients: { private_key: string }[];
};
const hex = (digits: string): Bytes => Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const { tenant, day } = vector;

function fields(...texts: string[]): string {
  return texts.map((one) => `${utf8(one).length}:${one};`).join("");
}

function bound(...texts: string[]): Bytes {
  return concat(...texts.flatMap((one) => [uint(utf8(one).length, 8).reverse(), one]));
}

// A row of the worked example's epoch, as the server would write it.
async function sealed(number: number, said: string): Promise<{ row: Bytes; open: Bytes }> {
  const open = bound(tenant, "activity", `event-${number}`, String(day));
  const plain = new Uint8Array(256);
  plain.set(concat(uint(utf8(said).length, 4), said));
  const nonce = hex(vector.base_nonce);
  const count = uint(number, 8);
  count.forEach((byte, i) => (nonce[4 + i] = (nonce[4 + i] ?? 0) ^ byte));
  const head = concat(hex(vector.epoch_id), count);
  const associated = concat("MFAR", uint(1, 1), text(tenant), uint(day, 8), head, open);
  const key = await aesKey(await derive(hex(vector.epoch_key), "row key", 32));
  return { row: concat(head, await seal(key, nonce, associated, plain)), open };
}

const said = (name: string) =>
  `c1;${fields("1773446400000", "user_create", "{}", "system", "", name, "", "", "", "SUCCESS")}`;
const first = await sealed(0, said("ada"));
const second = await sealed(1, said("ben"));
const root = await rootOf([await rowHash(first.row, first.open), await rowHash(second.row, second.open)]);
const trailer = toBase64url(concat("MFAT", uint(1, 1), hex(vector.epoch_id), uint(2, 8), root));
const keys = await keyPair(hex(vector.recipients[0]?.private_key ?? ""));

const lines = {
  head: { export: 1, tenant, tenant_name: "Acme", first_day: day, last_day: day, made: 1 },
  key: { day, key: toBase64url(hex(vector.day_key)) },
  epoch: { epoch: toBase64url(hex(vector.header)), trailer },
  rows: [first, second].map(({ row, open }) => ({ row: toBase64url(row), open: toBase64url(open) })),
  end: { end: 2 },
};
const whole = [lines.head, lines.key, lines.epoch, ...lines.rows, lines.end];

async function* feed(list: object[]): AsyncGenerator<string> {
  for (const line of list) yield JSON.stringify(line);
}

async function open(list: object[], with_ = keys): Promise<Opening> {
  const opening = new Opening(with_);
  await opening.file(feed(list));
  return opening;
}

test("an export opens", async () => {
  const { events, problems } = await open(whole);
  expect(events.map((event) => event["actor.name"])).toEqual(["ada", "ben"]);
  expect(events[0]).toMatchObject({ time: "2026-03-14T00:00:00.000Z", action: "user_create", outcome: "SUCCESS" });
  expect(problems).toEqual([]);
});

test("a canary is counted and not shown", async () => {
  const browser = fields("", "", "", "");
  const who = fields("authentication", "success", "", "", "DU1", "nobody", "", "", "", "", "", "", "", "", "");
  const canary = await sealed(2, `k1;a2;${fields("1773446400000")}${who}${fields("", "0")}${browser}`);
  const rows = [...lines.rows, { row: toBase64url(canary.row), open: toBase64url(canary.open) }];
  const opening = await open([lines.head, lines.key, { ...lines.epoch, trailer: "" }, ...rows, { end: 3 }]);
  expect(opening.events.map((event) => event["actor.name"])).toEqual(["ada", "ben"]);
  expect(opening.canaries).toBe(1);
  expect(opening.problems).toEqual([]);
});

test("without the day's key nothing opens, and the page says what is missing", async () => {
  const { events, problems } = await open(whole.filter((line) => line !== lines.key));
  expect(events).toEqual([]);
  expect(problems[0]?.what).toBe("No key of 2026-03-14 was released with this export.");
});

test("keys may come in a file of their own", async () => {
  const opening = new Opening(keys);
  await opening.file(feed([lines.head, lines.key, { end: 0 }]));
  await opening.file(feed(whole.filter((line) => line !== lines.key)));
  expect(opening.events).toHaveLength(2);
});

test("another day's key, another tenant's export and another reader's key are refused", async () => {
  const wrong = { ...lines.key, key: toBase64url(random(32)) };
  const refused = await open(whole.map((line) => (line === lines.key ? wrong : line)));
  expect(refused.events).toEqual([]);
  expect(refused.problems[0]?.what).toContain("refused: the day key does not open this epoch");
  const foreign = whole.map((line) => (line === lines.head ? { ...lines.head, tenant: "DAOTHER" } : line));
  await expect(open(foreign)).rejects.toMatchObject({ why: "refused" });
  const stranger = await open(whole, await keyPair(await newPrivateKey()));
  expect(stranger.problems[0]?.what).toBe("2026-03-14: not sealed to this key.");
});

test("an altered row is named, the others open, and the epoch counts as altered", async () => {
  const row = first.row.slice();
  row[60] = (row[60] ?? 0) ^ 1;
  const list = whole.map((line) => (line === lines.rows[0] ? { ...lines.rows[0], row: toBase64url(row) } : line));
  const { events, problems } = await open(list);
  expect(events.map((event) => event["actor.name"])).toEqual(["ben"]);
  expect(problems.map((problem) => problem.what)).toEqual([
    "2026-03-14, row 0: refused: the row was altered, or moved from where it belongs.",
    "2026-03-14: incomplete: rows were altered in an epoch that was closed.",
  ]);
});

test("a row that is left out is noticed", async () => {
  const list = [lines.head, lines.key, lines.epoch, lines.rows[0] ?? {}, { end: 1 }];
  const { problems } = await open(list);
  expect(problems[0]?.what).toBe("2026-03-14: incomplete: 1 of 2 rows are missing in an epoch that was closed.");
});

test.each([
  ["cut off", whole.slice(0, -1)],
  ["fewer rows than it says", [lines.head, lines.key, lines.epoch, lines.end]],
  ["rows before their epoch", [lines.head, lines.key, ...lines.rows, lines.end]],
  ["no beginning", whole.slice(1)],
])("a file that is %s is malformed", async (_, list) => {
  await expect(open(list)).rejects.toMatchObject({ why: "malformed" });
});

test("lines of another form are malformed", () => {
  for (const line of ["", "[]", "{}", '{"row":"x"}', '{"constructor":1}', '{"end":1,"more":2}', "null"]) {
    expect(() => parseLine(line), line).toThrow();
  }
});

test("what stands before the keys says whose it is", async () => {
  const preamble = await readPreamble(feed(whole));
  expect(preamble).toEqual({ tenant, tenantName: "Acme", firstDay: day, lastDay: day, slots: [] });
});

test("a slot opens with its passkey's secret, for its tenant, and with no other", async () => {
  const key = await newPrivateKey();
  const prf = random(32);
  const { publicKey } = await keyPair(key);
  const slot = {
    id: "1",
    kind: "passkey",
    name: "",
    publicKey,
    credential: random(16),
    salt: random(32),
    wrapped: await wrap(tenant, key, prf),
  };
  expect(await unwrapSlot(tenant, slot, prf)).toEqual(key);
  await expect(unwrapSlot(tenant, slot, random(32))).rejects.toMatchObject({ why: "refused" });
  await expect(unwrapSlot("DAOTHER", slot, prf)).rejects.toMatchObject({ why: "refused" });
});

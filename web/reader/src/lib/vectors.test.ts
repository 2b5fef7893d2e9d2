import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

import { type Bytes } from "./bytes.ts";
import { decodeHeader, decodeTrailer, EpochKey, rootOf, rowHash, tag, unwrap } from "./epoch.ts";
import { keyPair } from "./keys.ts";

interface Vector {
  [name: string]: unknown;
}
const vector = JSON.parse(
  readFileSync(new URL("../../../../vectors/history.json", import.meta.url), "utf8"),
) as Vector;

function hex(text: unknown): Bytes {
  return Uint8Array.from(String(text).match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

interface Row {
  open: string;
  plain: string;
  row: string;
}
interface Recipient {
  private_key: string;
  public_key: string;
  recipient_id: string;
}
const recipients = vector.recipients as Recipient[];
const rows = vector.rows as Row[];
const header = decodeHeader(hex(vector.header));

test.each(recipients)("every recipient of the worked example unwraps the epoch key: $recipient_id", async (one) => {
  const keys = await keyPair(hex(one.private_key));
  expect(keys.publicKey).toEqual(hex(one.public_key));
  expect(keys.recipient).toEqual(hex(one.recipient_id));
  expect(await unwrap(header, keys, hex(vector.day_key))).toEqual(hex(vector.epoch_key));
});

test("rows open, and only where they are", async () => {
  const key = await EpochKey.make(header, hex(vector.epoch_key));
  for (const { open, plain, row } of rows) {
    expect(await key.open(hex(row), new TextEncoder().encode(open))).toBe(plain);
    await expect(key.open(hex(row), new TextEncoder().encode(`${open} `))).rejects.toMatchObject({ why: "refused" });
  }
});

test("any bit of the header counts", async () => {
  const keys = await keyPair(hex(recipients[0]?.private_key));
  const bytes = hex(vector.header);
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    await expect(
      (async () => unwrap(decodeHeader(changed), keys, hex(vector.day_key)))(),
      `byte ${at}`,
    ).rejects.toMatchObject({ name: "Error" });
  }
});

test("another day's key and another recipient are told apart", async () => {
  const keys = await keyPair(hex(recipients[0]?.private_key));
  await expect(unwrap(header, keys, new Uint8Array(32))).rejects.toMatchObject({ why: "refused" });
  const stranger = await keyPair(new Uint8Array(32).fill(7));
  await expect(unwrap(header, stranger, hex(vector.day_key))).rejects.toMatchObject({ why: "not found" });
});

test("the trailer's root is that of the rows", async () => {
  const trailer = decodeTrailer(hex(vector.trailer));
  const closed = rows.slice(0, trailer.rows);
  const hashes = closed.map(({ row, open }) => rowHash(hex(row), new TextEncoder().encode(open)));
  expect(await rootOf(await Promise.all(hashes))).toEqual(trailer.root);
});

test("tags are those of the example", async () => {
  expect(await tag(hex(vector.epoch_key), 1, "ada", header.tagBits)).toBe(203);
  expect(await tag(hex(vector.epoch_key), 2, "+14155550100", header.tagBits)).toBe(109);
});

// Epoch headers, rows, trailers and tags (docs/protocols/history.md).
import { concat, Cutter, fromUtf8, malformed, ReadError, refused, same, text, uint, utf8, type Bytes } from "./bytes.ts";
import { historyInfo, historyPskId, openPsk } from "./hpke.ts";
import { aesKey, derive, hmac, LABEL, open, sha256, type KeyPair } from "./keys.ts";

const DAY_MAX = 2_932_896;
const ROWS_MAX = 65_536;
const PAD = 256;
const TAG = 16;
const ROW_HEAD = 24;
const TEXT_MAX = 1024 * 1024;
const WRITER_MAX = 64;
const SUITE = "002000010002";

export interface Wrapped {
  recipient: Bytes;
  enc: Bytes;
  key: Bytes;
}

export interface Header {
  tenant: string;
  day: number;
  id: Bytes;
  tagBits: number;
  recipients: Wrapped[];
  commit: Bytes;
  head: Bytes; // all before the recipients
  committed: Bytes; // all before the commit
}

export function monthOf(day: number): string {
  return dateOf(day).slice(0, 7);
}

export function dateOf(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}

function hex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function decodeHeader(bytes: Bytes): Header {
  const cut = new Cutter(bytes);
  if (!same(cut.take(4), utf8("MFAE"))) throw malformed("not an epoch header");
  if (cut.uint(1) !== 1) throw malformed("an epoch header of another version");
  if (hex(cut.take(6)) !== SUITE) throw malformed("an epoch header of another suite");
  const tenant = cut.text();
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(tenant)) throw malformed("no tenant's id");
  const day = cut.uint(8);
  if (day > DAY_MAX) throw malformed("a day out of range");
  const id = cut.take(16);
  if (cut.take(cut.uint(2)).length > WRITER_MAX) throw malformed("a writer's name that is too long");
  const tagBits = cut.uint(1);
  if (tagBits !== 0 && (tagBits < 4 || tagBits > 16)) throw malformed("tags of a length that there is not");
  const head = bytes.slice(0, cut.at);
  const count = cut.uint(1);
  if (count < 1 || count > 8) throw malformed("no or too many recipients");
  const recipients: Wrapped[] = [];
  for (let i = 0; i < count; i++) recipients.push({ recipient: cut.take(8), enc: cut.take(32), key: cut.take(48) });
  if (new Set(recipients.map((one) => hex(one.recipient))).size !== count) throw malformed("a recipient twice");
  const committed = bytes.slice(0, cut.at);
  const commit = cut.take(32);
  cut.end();
  return { tenant, day, id, tagBits, recipients, commit, head, committed };
}

// not found: not wrapped to this key.   refused: another day's key, or altered anywhere.
export async function unwrap(header: Header, recipient: KeyPair, dayKey: Bytes): Promise<Bytes> {
  if (dayKey.length !== 32) throw malformed("a day key has 32 bytes");
  const mine = header.recipients.find((one) => same(one.recipient, recipient.recipient));
  if (!mine) throw new ReadError("not found", "not sealed to this key");
  const sealed = {
    enc: mine.enc,
    info: historyInfo(LABEL, header.tenant, header.day),
    psk: dayKey,
    pskId: historyPskId(header.tenant, monthOf(header.day)),
  };
  let key: Bytes;
  try {
    key = await openPsk(recipient, sealed, header.head, mine.key);
  } catch (error) {
    if (error instanceof ReadError && error.why === "refused") {
      throw refused("the day key does not open this epoch, or its header was altered");
    }
    throw error;
  }
  if (!same(await derive(key, "commit", 32, await sha256(header.committed)), header.commit)) {
    throw refused("the epoch's header was altered");
  }
  return key;
}

export interface RowPlace {
  epoch: Bytes;
  number: number;
}

export function placeOf(row: Bytes): RowPlace {
  const sealed = row.length - ROW_HEAD - TAG;
  if (sealed < PAD || sealed % PAD !== 0 || sealed > TEXT_MAX + PAD) throw malformed("a length that no row has");
  const cut = new Cutter(row.subarray(0, ROW_HEAD));
  const place = { epoch: cut.take(16), number: cut.uint(8) };
  if (place.number >= ROWS_MAX) throw malformed("a number beyond the epoch's rows");
  return place;
}

// An epoch's key at work.
export class EpochKey {
  private constructor(
    private readonly key: CryptoKey,
    private readonly base: Bytes,
    private readonly bound: Bytes,
    private readonly id: Bytes,
  ) {}

  static async make(header: Header, epochKey: Bytes): Promise<EpochKey> {
    const key = await aesKey(await derive(epochKey, "row key", 32));
    const base = await derive(epochKey, "row nonce", 12);
    const bound = concat("MFAR", uint(1, 1), text(header.tenant), uint(header.day, 8), header.id);
    return new EpochKey(key, base, bound, header.id);
  }

  // The text.   refused: moved, altered, or of another epoch.   malformed: no row, or sealed without its padding.
  async open(row: Bytes, opened: Bytes): Promise<string> {
    const place = placeOf(row);
    if (!same(place.epoch, this.id)) throw refused("a row of another epoch");
    const nonce = this.base.slice();
    const number = row.subarray(16, ROW_HEAD);
    for (let i = 0; i < 8; i++) nonce[4 + i] = (nonce[4 + i] ?? 0) ^ (number[i] ?? 0);
    let plain: Bytes;
    try {
      plain = await open(this.key, nonce, concat(this.bound, number, opened), row.subarray(ROW_HEAD));
    } catch {
      throw refused("the row was altered, or moved from where it belongs");
    }
    return unpad(plain);
  }
}

function unpad(plain: Bytes): string {
  const size = new DataView(plain.buffer, plain.byteOffset).getUint32(0);
  const whole = Math.ceil((4 + size) / PAD) * PAD;
  if (size > TEXT_MAX || whole !== plain.length) throw malformed("padding that is not shortest");
  for (let i = 4 + size; i < plain.length; i++) if (plain[i] !== 0) throw malformed("padding that is not zero");
  return fromUtf8(plain.subarray(4, 4 + size));
}

export interface Trailer {
  id: Bytes;
  rows: number;
  root: Bytes;
}

export function decodeTrailer(bytes: Bytes): Trailer {
  const cut = new Cutter(bytes);
  if (!same(cut.take(4), utf8("MFAT")) || cut.uint(1) !== 1) throw malformed("not a trailer of version 1");
  const trailer = { id: cut.take(16), rows: cut.uint(8), root: cut.take(32) };
  cut.end();
  if (trailer.rows > ROWS_MAX) throw malformed("more rows than an epoch has");
  return trailer;
}

export function rowHash(row: Bytes, opened: Bytes): Promise<Bytes> {
  return sha256(uint(0, 1), uint(opened.length, 4), opened, uint(row.length, 4), row);
}

// RFC 6962 §2.1.
export async function rootOf(hashes: Bytes[]): Promise<Bytes> {
  if (hashes.length === 0) return sha256();
  let level = hashes;
  while (level.length > 1) {
    const next: Promise<Bytes>[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) {
      next.push(sha256(Uint8Array.of(1), level[i] as Bytes, level[i + 1] as Bytes));
    }
    const odd = level.length % 2 === 1 ? level.at(-1) : undefined;
    level = await Promise.all(next);
    if (odd) level.push(odd);
  }
  return level[0] as Bytes;
}

export type IndexedField = 1 | 2; // user, number

export async function tag(epochKey: Bytes, field: IndexedField, value: string, bits: number): Promise<number> {
  const mac = await hmac(await derive(epochKey, "index", 32), concat(uint(field, 1), value));
  return (((mac[0] ?? 0) << 8) | (mac[1] ?? 0)) >> (16 - bits);
}

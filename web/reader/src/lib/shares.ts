// 2-of-3 shares of a private key, for paper (docs/protocols/history.md, Shares).
import { concat, malformed, refused, same, type Bytes } from "./bytes.ts";
import { random, sha256 } from "./keys.ts";

const SIZE = 32;
const CHECK = 4;
const VALUE = SIZE + CHECK;
const HEAD = 6; // version, threshold, index, set
const SUM = 3;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const WRITTEN = ((HEAD + VALUE + SUM) * 8) / 5;

// In GF(2^8) modulo 0x11b; no table, no branch on a value.
function times(a: number, b: number): number {
  let out = 0;
  for (let bit = 0; bit < 8; bit++) {
    out ^= a & -((b >> bit) & 1);
    a = ((a << 1) ^ (0x11b & -(a >> 7))) & 0xff;
  }
  return out;
}

function inverse(a: number): number {
  let out = 1;
  for (let i = 0; i < 254; i++) out = times(out, a);
  return out;
}

function toBase32(bytes: Bytes): string {
  let out = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) out += LETTERS[(held >> (bits - 5)) & 31];
    held &= 0xff;
  }
  return out;
}

function fromBase32(letters: string): Bytes {
  const out: number[] = [];
  let held = 0;
  let bits = 0;
  for (const letter of letters) {
    const value = LETTERS.indexOf(letter);
    if (value < 0) throw malformed("a share has only letters and the digits 2 to 7");
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out.push((held >> bits) & 0xff);
    }
  }
  return Uint8Array.from(out);
}

async function checked(set: Bytes, secret: Bytes): Promise<Bytes> {
  return (await sha256("countersign-share-secret/v1", set, secret)).slice(0, CHECK);
}

async function sum(body: Bytes): Promise<Bytes> {
  return (await sha256("countersign-share/v1", body)).slice(0, SUM);
}

export async function split(secret: Bytes): Promise<string[]> {
  const set = random(3);
  const value = concat(secret, await checked(set, secret));
  const slope = random(VALUE);
  const out: string[] = [];
  for (const index of [1, 2, 3]) {
    const share = value.map((byte, i) => byte ^ times(slope[i] ?? 0, index));
    const body = concat(Uint8Array.of(1, 2, index), set, share);
    out.push((toBase32(concat(body, await sum(body))).match(/.{4}/g) ?? []).join("-"));
  }
  slope.fill(0);
  value.fill(0);
  return out;
}

interface Share {
  threshold: number;
  index: number;
  set: Bytes;
  value: Bytes;
}

async function parse(written: string): Promise<Share> {
  const letters = written
    .toUpperCase()
    .replaceAll(/[\s-]/g, "")
    .replaceAll("0", "O")
    .replaceAll("1", "I")
    .replaceAll("8", "B");
  if (letters.length !== WRITTEN) throw malformed("a share has 72 letters and digits");
  const bytes = fromBase32(letters);
  const body = bytes.slice(0, HEAD + VALUE);
  if (!same(await sum(body), bytes.slice(HEAD + VALUE))) throw malformed("a share is mistyped");
  const [version, threshold = 0, index = 0] = body;
  if (version !== 1 || index < 1) throw malformed("a share of another version");
  return { threshold, index, set: body.slice(3, HEAD), value: body.slice(HEAD) };
}

// The private key, of two shares.   refused: one twice, of two sets, not of two, or not adding up.
export async function combine(first: string, second: string): Promise<Bytes> {
  const [a, b] = [await parse(first), await parse(second)];
  if (a.threshold !== 2 || b.threshold !== 2) throw refused("two of these shares are not enough");
  if (!same(a.set, b.set)) throw refused("these shares were not made together");
  if (a.index === b.index) throw refused("this is the same share twice");
  const over = inverse(a.index ^ b.index);
  const value = a.value.map((byte, i) => times(times(byte, b.index) ^ times(b.value[i] ?? 0, a.index), over));
  const secret = value.slice(0, SIZE);
  if (!same(await checked(a.set, secret), value.slice(SIZE))) throw refused("these shares do not add up");
  return secret;
}

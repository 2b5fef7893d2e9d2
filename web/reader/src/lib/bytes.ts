// Bytes as the formats of docs/protocols/history.md put them together and take them apart.
export type Bytes = Uint8Array<ArrayBuffer>;

// What a reader answers, in the words of that page.
export type Why = "malformed" | "not found" | "refused";

export class ReadError extends Error {
  constructor(
    readonly why: Why,
    what: string,
  ) {
    super(what);
  }
}

export function malformed(what: string): ReadError {
  return new ReadError("malformed", what);
}

export function refused(what: string): ReadError {
  return new ReadError("refused", what);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

export function fromUtf8(bytes: Bytes): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw malformed("not UTF-8");
  }
}

export function concat(...parts: (Bytes | string)[]): Bytes {
  const all = parts.map((part) => (typeof part === "string" ? utf8(part) : part));
  const out = new Uint8Array(all.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of all) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function uint(value: number, size: 1 | 2 | 4 | 8): Bytes {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(value));
  return out.slice(8 - size);
}

export function text(value: string): Bytes {
  const bytes = utf8(value);
  return concat(uint(bytes.length, 2), bytes);
}

// Neither secret nor long: for ids and commitments. All bytes are looked at.
export function same(a: Bytes, b: Bytes): boolean {
  let differ = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) differ |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return differ === 0;
}

export function toHex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function toBase64url(bytes: Bytes): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VALUES = new Int8Array(128).fill(-1);
for (let i = 0; i < LETTERS.length; i++) VALUES[LETTERS.charCodeAt(i)] = i;

// RFC 4648 §5 without padding; spare bits must be zero.
export function fromBase64url(letters: string): Bytes {
  if (letters.length % 4 === 1) throw malformed("not base64url");
  const out = new Uint8Array((letters.length * 6) >> 3);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < letters.length; i++) {
    const value = VALUES[letters.charCodeAt(i)] ?? -1;
    if (value < 0) throw malformed("not base64url");
    held = (held << 6) | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = held >> bits;
      held &= (1 << bits) - 1;
    }
  }
  if (held !== 0) throw malformed("not base64url");
  return out;
}

// Takes fields off the front; whoever reads says at the end that nothing is left.
export class Cutter {
  #at = 0;

  constructor(private readonly bytes: Bytes) {}

  take(count: number): Bytes {
    if (this.#at + count > this.bytes.length) throw malformed("cut short");
    this.#at += count;
    return this.bytes.slice(this.#at - count, this.#at);
  }

  // At most 2^53: no number of these formats is larger.
  uint(size: 1 | 2 | 4 | 8): number {
    let value = 0;
    for (const byte of this.take(size)) value = value * 256 + byte;
    if (!Number.isSafeInteger(value)) throw malformed("a number out of range");
    return value;
  }

  text(): string {
    return fromUtf8(this.take(this.uint(2)));
  }

  get at(): number {
    return this.#at;
  }

  end(): void {
    if (this.#at !== this.bytes.length) throw malformed("something is left over");
  }
}

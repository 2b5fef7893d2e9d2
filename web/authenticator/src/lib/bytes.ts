// Bytes as text: base64url without padding (RFC 4648 §5) and base32 (§6), and text as bytes.
export type Bytes = Uint8Array<ArrayBuffer>;

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

export function toBase64url(bytes: Bytes): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function fromBase64url(text: string): Bytes {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) throw new Error("not base64url");
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}

// Padding may be there or not; bits left over must be zero.
export function fromBase32(text: string): Bytes {
  const letters = text.replace(/=+$/, "");
  const out = new Uint8Array(Math.floor((letters.length * 5) / 8));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of letters) {
    const value = BASE32.indexOf(letter.toUpperCase());
    if (value < 0) throw new Error("not base32");
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = (held >> bits) & 0xff;
    }
  }
  if (bits >= 5 || (held & ((1 << bits) - 1)) !== 0) throw new Error("not base32");
  return out;
}

export function toHex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

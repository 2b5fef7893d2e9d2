// Codes by time (RFC 6238 with HMAC-SHA-1, as the server's): what works without network.
import { fromBase32, type Bytes } from "./bytes.ts";

const SHA1 = { name: "HMAC", hash: "SHA-1" } as const;

// After this the secret can be used, but not read, also not by this program.
export function importSecret(base32: string): Promise<CryptoKey> {
  return importKey(fromBase32(base32));
}

export function importKey(secret: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", secret, SHA1, false, ["sign"]);
}

// RFC 4226 §5.3.
export async function hotp(key: CryptoKey, counter: number, digits: number): Promise<string> {
  const moving = new DataView(new ArrayBuffer(8));
  moving.setUint32(0, Math.floor(counter / 2 ** 32));
  moving.setUint32(4, counter >>> 0);
  const mac = new DataView(await crypto.subtle.sign("HMAC", key, moving.buffer));
  const offset = mac.getUint8(19) & 0xf;
  const value = mac.getUint32(offset) & 0x7fffffff;
  return String(value % 10 ** digits).padStart(digits, "0");
}

export function stepOf(unixSeconds: number, period: number): number {
  return Math.floor(unixSeconds / period);
}

export function secondsLeft(unixSeconds: number, period: number): number {
  return period - (Math.floor(unixSeconds) % period);
}

// "123456" as "123 456": halves are easier to hold in mind.
export function inHalves(code: string): string {
  const half = Math.ceil(code.length / 2);
  return `${code.slice(0, half)} ${code.slice(half)}`;
}

// What a device signs, and how (docs/protocols/device.md, "Signed requests" and "answer").
import { toBase64url, toHex, utf8, type Bytes } from "./bytes.ts";

export type Decision = "approve" | "deny" | "fraud";

export interface SignedParts {
  method: string;
  host: string; // as in the Host header: with the port if it has one
  path: string;
  query: string;
  ts: number;
  body: string;
}

const ES256 = { name: "ECDSA", hash: "SHA-256" } as const;

// The private half cannot leave the browser: not extractable, kept as a handle.
export function newDeviceKey(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
}

// Uncompressed, 65 bytes (SEC 1 §2.3.3).
export async function publicPoint(pair: CryptoKeyPair): Promise<string> {
  return toBase64url(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
}

// Seven lines, each but the last ended by LF. No part can hold a LF, so none can flow into the next.
export async function requestMessage(parts: SignedParts): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(parts.body)));
  const { method, host, path, query, ts } = parts;
  return ["countersign-device/1", method, host.toLowerCase(), path, query, String(ts), toHex(digest)].join("\n");
}

// Four fields, each after its length in two bytes, the high one first.
export function answerMessage(requestId: string, number: string, decision: Decision): Bytes {
  const fields = ["countersign device answer v1", requestId, number, decision].map(utf8);
  const out = new Uint8Array(fields.reduce((size, field) => size + 2 + field.length, 0));
  let at = 0;
  for (const field of fields) {
    out[at] = field.length >> 8;
    out[at + 1] = field.length & 0xff;
    out.set(field, at + 2);
    at += 2 + field.length;
  }
  return out;
}

// WebCrypto's form of an ECDSA signature is the one wanted: r‖s, 64 bytes (RFC 7518 §3.4).
export async function sign(key: CryptoKey, message: Bytes): Promise<string> {
  return toBase64url(new Uint8Array(await crypto.subtle.sign(ES256, key, message)));
}

export async function authorization(key: CryptoKey, deviceId: string, parts: SignedParts): Promise<string> {
  const signature = await sign(key, utf8(await requestMessage(parts)));
  return `Countersign-Device id="${deviceId}", ts="${parts.ts}", signature="${signature}"`;
}

// The primitives, all of them the browser's own: X25519, HKDF, HMAC and AES-GCM of WebCrypto.
import { concat, malformed, refused, same, type Bytes } from "./bytes.ts";

export const LABEL = "countersign-history/v1";
const KEY_SIZE = 32;
const NO_SALT = new Uint8Array(KEY_SIZE);

export function random(size: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(size));
}

export async function sha256(...parts: (Bytes | string)[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
}

export async function hmac(key: Bytes, message: Bytes): Promise<Bytes> {
  const mac = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", mac, message));
}

// RFC 5869 §2.2 and §2.3. WebCrypto's HKDF does both at once, so the halves are HMAC.
export function extract(salt: Bytes, secret: Bytes): Promise<Bytes> {
  return hmac(salt.length > 0 ? salt : NO_SALT, secret);
}

export async function expand(key: Bytes, info: Bytes, size: number): Promise<Bytes> {
  let out: Bytes = new Uint8Array(0);
  let block: Bytes = new Uint8Array(0);
  for (let i = 1; out.length < size; i++) {
    block = await hmac(key, concat(block, info, Uint8Array.of(i)));
    out = concat(out, block);
  }
  return out.slice(0, size);
}

export async function derive(secret: Bytes, purpose: string, size: number, bound: Bytes = NO_BYTES): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const info = concat(LABEL, " ", purpose, bound);
  const how = { name: "HKDF", hash: "SHA-256", salt: NO_SALT, info };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, size * 8));
}
const NO_BYTES: Bytes = new Uint8Array(0);

export function aesKey(key: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
}

export async function seal(key: CryptoKey, nonce: Bytes, associated: Bytes, plain: Bytes): Promise<Bytes> {
  const how = { name: "AES-GCM", iv: nonce, additionalData: associated };
  return new Uint8Array(await crypto.subtle.encrypt(how, key, plain));
}

// refused: another key, or altered.
export async function open(key: CryptoKey, nonce: Bytes, associated: Bytes, sealed: Bytes): Promise<Bytes> {
  try {
    const how = { name: "AES-GCM", iv: nonce, additionalData: associated };
    return new Uint8Array(await crypto.subtle.decrypt(how, key, sealed));
  } catch {
    throw refused("not sealed by this key, or altered");
  }
}

// RFC 8410 §7: what stands before the 32 bytes of a private key in PKCS #8.
const PKCS8 = Uint8Array.from("302e020100300506032b656e04220420".match(/../g) ?? [], (pair) => parseInt(pair, 16));

export interface KeyPair {
  publicKey: Bytes;
  recipient: Bytes; // 8 bytes, by which headers name it
  agree(theirs: Bytes): Promise<Bytes>;
}

export async function recipientId(publicKey: Bytes): Promise<Bytes> {
  return (await sha256(publicKey)).slice(0, 8);
}

// Whether this browser can do what is asked of it here.
export async function supported(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"]);
    return true;
  } catch {
    return false;
  }
}

// A new private key, as its 32 bytes. Whoever has them wipes them.
export async function newPrivateKey(): Promise<Bytes> {
  const pair = (await crypto.subtle.generateKey({ name: "X25519" }, true, ["deriveBits"])) as CryptoKeyPair;
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  if (pkcs8.length !== PKCS8.length + KEY_SIZE) throw malformed("the browser writes its keys in another form");
  const out = pkcs8.slice(PKCS8.length);
  pkcs8.fill(0);
  return out;
}

// The base point's multiple: WebCrypto computes no public half from a private one, but agreeing with the base point
// (RFC 7748 §4.1, u = 9) is the same computation.
async function publicHalf(key: CryptoKey): Promise<Bytes> {
  const base = new Uint8Array(KEY_SIZE);
  base[0] = 9;
  return dh(key, base);
}

// refused: a shared secret of zeros (RFC 9180 §7.1.4); browsers refuse it themselves.
async function dh(key: CryptoKey, theirs: Bytes): Promise<Bytes> {
  try {
    const peer = await crypto.subtle.importKey("raw", theirs, { name: "X25519" }, true, []);
    const shared = new Uint8Array(await crypto.subtle.deriveBits({ name: "X25519", public: peer }, key, 256));
    if (same(shared, NO_SALT)) throw refused("zeros");
    return shared;
  } catch {
    throw refused("a key of small order");
  }
}

export async function keyPair(privateKey: Bytes): Promise<KeyPair> {
  if (privateKey.length !== KEY_SIZE) throw malformed("a private key has 32 bytes");
  const pkcs8 = concat(PKCS8, privateKey);
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, { name: "X25519" }, false, ["deriveBits"]);
  pkcs8.fill(0);
  const publicKey = await publicHalf(key);
  return { publicKey, recipient: await recipientId(publicKey), agree: (theirs) => dh(key, theirs) };
}


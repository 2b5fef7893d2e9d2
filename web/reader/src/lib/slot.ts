// The tenant's private key, wrapped for a passkey (docs/protocols/history-export.md, Slots).
import { concat, fromBase64url, malformed, ReadError, refused, text, toBase64url, uint, type Bytes } from "./bytes.ts";
import { aesKey, derive, keyPair, open, random, seal } from "./keys.ts";

const NONCE = 12;
const WRAPPED = NONCE + 32 + 16;

export interface Slot {
  id: string;
  kind: string;
  name: string;
  publicKey: Bytes;
  credential: Bytes;
  salt: Bytes;
  wrapped: Bytes;
}

function slotKey(prf: Bytes): Promise<CryptoKey> {
  return derive(prf, "slot passkey", 32).then(aesKey);
}

function bound(tenant: string, publicKey: Bytes): Bytes {
  return concat("MFAS", uint(1, 1), text(tenant), publicKey);
}

export async function wrap(tenant: string, privateKey: Bytes, prf: Bytes): Promise<Bytes> {
  const { publicKey } = await keyPair(privateKey);
  const nonce = random(NONCE);
  return concat(nonce, await seal(await slotKey(prf), nonce, bound(tenant, publicKey), privateKey));
}

// The private key's 32 bytes.   refused: another passkey, another tenant's slot, or altered.
export async function unwrapSlot(tenant: string, slot: Slot, prf: Bytes): Promise<Bytes> {
  if (slot.wrapped.length !== WRAPPED) throw malformed("a slot of another form");
  const sealed = slot.wrapped.slice(NONCE);
  const key = await open(await slotKey(prf), slot.wrapped.slice(0, NONCE), bound(tenant, slot.publicKey), sealed);
  const pair = await keyPair(key);
  if (toBase64url(pair.publicKey) !== toBase64url(slot.publicKey)) throw refused("a slot that holds another key");
  return key;
}

interface PrfResults {
  prf?: { enabled?: boolean; results?: { first?: BufferSource } };
}

function firstOf(credential: PublicKeyCredential): Bytes | undefined {
  const first = (credential.getClientExtensionResults() as PrfResults).prf?.results?.first;
  if (!first) return undefined;
  return ArrayBuffer.isView(first)
    ? new Uint8Array(first.buffer as ArrayBuffer, first.byteOffset, first.byteLength).slice()
    : new Uint8Array(first).slice();
}

export interface Passkey {
  credential: Bytes;
  salt: Bytes;
  prf: Bytes;
}

// A new passkey of this server, and what its PRF makes of a new salt.
// refused: this passkey, or this browser, has no PRF.
export async function createPasskey(name: string): Promise<Passkey> {
  const salt = random(32);
  const made = (await navigator.credentials.create({
    publicKey: {
      challenge: random(32),
      rp: { name: "Countersign", id: location.hostname },
      user: { id: random(16), name, displayName: name },
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
      authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
      extensions: { prf: { eval: { first: salt } } } as AuthenticationExtensionsClientInputs,
    },
  })) as PublicKeyCredential | null;
  if (!made) throw refused("no passkey was made");
  const credential = new Uint8Array(made.rawId).slice();
  const results = made.getClientExtensionResults() as PrfResults;
  const first = firstOf(made);
  if (first) return { credential, salt, prf: first };
  if (!results.prf?.enabled) throw new ReadError("not found", "no prf");
  // Many authenticators compute it when they sign in only.
  return { credential, salt, prf: (await askPrf([{ credential, salt }])).prf };
}

async function askPrf(known: { credential: Bytes; salt: Bytes }[]): Promise<{ credential: string; prf: Bytes }> {
  const evalByCredential = Object.fromEntries(known.map((one) => [toBase64url(one.credential), { first: one.salt }]));
  const got = (await navigator.credentials.get({
    publicKey: {
      challenge: random(32),
      rpId: location.hostname,
      allowCredentials: known.map((one) => ({ type: "public-key", id: one.credential })),
      userVerification: "required",
      extensions: { prf: { evalByCredential } } as AuthenticationExtensionsClientInputs,
    },
  })) as PublicKeyCredential | null;
  const prf = got && firstOf(got);
  if (!got || !prf) throw new ReadError("not found", "no prf");
  return { credential: got.id, prf };
}

// The private key, by whichever of these passkeys its owner has.
export async function unlock(tenant: string, slots: readonly Slot[]): Promise<Bytes> {
  const passkeys = slots.filter((slot) => slot.kind === "passkey");
  if (passkeys.length === 0) throw new ReadError("not found", "no passkey");
  const { credential, prf } = await askPrf(passkeys);
  const slot = passkeys.find((one) => toBase64url(one.credential) === credential);
  if (!slot) throw refused("the browser answered with another passkey");
  return unwrapSlot(tenant, slot, prf);
}

// As an export and the server name it.
export function readSlot(said: Record<string, unknown>): Slot {
  const of = (name: string): string => {
    const value = said[name];
    if (typeof value !== "string") throw malformed(`a slot without ${name}`);
    return value;
  };
  return {
    id: of("slot"),
    kind: of("kind"),
    name: of("name"),
    publicKey: fromBase64url(of("public_key")),
    credential: fromBase64url(of("credential")),
    salt: fromBase64url(of("salt")),
    wrapped: fromBase64url(of("wrapped")),
  };
}

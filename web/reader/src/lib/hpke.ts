// HPKE (RFC 9180) of the one suite, mode psk, one message: §5.1 written out, as docs/protocols/history.md has it.
import { concat, text, uint, type Bytes } from "./bytes.ts";
import { aesKey, expand, extract, open, type KeyPair } from "./keys.ts";

const VERSION = "HPKE-v1";
const KEM = concat("KEM", uint(0x0020, 2));
const SUITE = concat("HPKE", uint(0x0020, 2), uint(0x0001, 2), uint(0x0002, 2));
const MODE_PSK = Uint8Array.of(1);
const NONE: Bytes = new Uint8Array(0);

interface Sealed {
  enc: Bytes;
  info: Bytes;
  psk: Bytes;
  pskId: Bytes;
}

async function labeledExtract(suite: Bytes, salt: Bytes, label: string, ikm: Bytes): Promise<Bytes> {
  return extract(salt, concat(VERSION, suite, label, ikm));
}

// §4.1 and §5.1: the key and the nonce of the first message.
export async function keySchedule(recipient: KeyPair, { enc, info, psk, pskId }: Sealed) {
  const dh = await recipient.agree(enc);
  const eae = await labeledExtract(KEM, NONE, "eae_prk", dh);
  const kemContext = concat(enc, recipient.publicKey);
  const shared = await expand(eae, concat(uint(32, 2), VERSION, KEM, "shared_secret", kemContext), 32);
  const pskIdHash = await labeledExtract(SUITE, NONE, "psk_id_hash", pskId);
  const infoHash = await labeledExtract(SUITE, NONE, "info_hash", info);
  const context = concat(MODE_PSK, pskIdHash, infoHash);
  const secret = await labeledExtract(SUITE, shared, "secret", psk);
  const of = (label: string, size: number) =>
    expand(secret, concat(uint(size, 2), VERSION, SUITE, label, context), size);
  return { key: await of("key", 32), nonce: await of("base_nonce", 12) };
}

// OpenPSK (§6.1).   refused: another key or psk, or altered.
export async function openPsk(recipient: KeyPair, sealed: Sealed, associated: Bytes, message: Bytes): Promise<Bytes> {
  const { key, nonce } = await keySchedule(recipient, sealed);
  return open(await aesKey(key), nonce, associated, message);
}

export function historyInfo(label: string, tenant: string, day: number): Bytes {
  return concat(label, text(tenant), uint(8, 2), uint(day, 8));
}

export function historyPskId(tenant: string, month: string): Bytes {
  return concat(text(tenant), text(month));
}


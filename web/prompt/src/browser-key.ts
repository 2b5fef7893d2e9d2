import { encode } from "./base64url.ts";
import { readAgain } from "./leaving.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error ?? new Error("IndexedDB"));
  });
}

async function database(): Promise<IDBDatabase> {
  const open = indexedDB.open("countersign-browser", 1);
  open.onupgradeneeded = () => open.result.createObjectStore("keys");
  return settled(open);
}

// The one key of this browser for this origin. Its private half cannot be read, not even by us; `add` fails where
// another tab was faster, and that one's key is taken.
export async function browserKey(): Promise<CryptoKeyPair> {
  const db = await database();
  const keys = () => db.transaction("keys", "readwrite").objectStore("keys");
  try {
    const kept = (await settled(keys().get("browser"))) as CryptoKeyPair | undefined;
    if (kept) return kept;
    const fresh = await crypto.subtle.generateKey(ALGORITHM, false, ["sign"]);
    try {
      await settled(keys().add(fresh, "browser"));
      return fresh;
    } catch {
      return (await settled(keys().get("browser"))) as CryptoKeyPair;
    }
  } finally {
    db.close();
  }
}

// Tells the server that the browser with this key is here. Where storage is denied, or no key can be made, it stays a
// browser that nobody knows, which is always good enough to go on.
export async function proveBrowser(message: string, address: string, shown: string): Promise<void> {
  try {
    const pair = await browserKey();
    const key = await crypto.subtle.exportKey("raw", pair.publicKey);
    const text = new TextEncoder().encode(message);
    const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, text);
    const reply = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ key: encode(key), signature: encode(signature), shown }),
    });
    if (reply.ok && ((await reply.json()) as { changed: boolean }).changed) readAgain();
  } catch {
    return;
  }
}

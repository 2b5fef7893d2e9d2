// What the set-up page says to the server: nothing but a link's token and public or wrapped keys.
import { malformed, ReadError, toBase64url, type Bytes } from "./bytes.ts";
import type { Passkey } from "./slot.ts";
import { readSlot, type Slot } from "./slot.ts";

export interface Invitation {
  tenant: string;
  tenantName: string;
  publicKey: string; // base64url; "": the tenant has no key yet
  slots: Slot[];
}

async function post(path: string, body: unknown): Promise<Record<string, unknown>> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(15_000),
    });
  } catch {
    throw new ReadError("not found", "away");
  }
  const said: unknown = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new ReadError("refused", response.status === 404 || response.status === 403 ? "link" : "server");
  }
  return said as Record<string, unknown>;
}

export async function look(token: string): Promise<Invitation> {
  const said = await post("/reader/v1/look", { token });
  const { tenant_id, tenant_name, public_key, slots } = said;
  if (typeof tenant_id !== "string" || typeof tenant_name !== "string" || typeof public_key !== "string") {
    throw malformed("an answer of another form");
  }
  const list = Array.isArray(slots) ? slots.map((one) => readSlot(one as Record<string, unknown>)) : [];
  return { tenant: tenant_id, tenantName: tenant_name, publicKey: public_key, slots: list };
}

export interface Upload {
  token: string;
  name: string;
  publicKey: Bytes;
  passkey: Pick<Passkey, "credential" | "salt">;
  wrapped: Bytes;
}

export async function upload({ token, name, publicKey, passkey, wrapped }: Upload): Promise<void> {
  await post("/reader/v1/slots", {
    token,
    name,
    public_key: toBase64url(publicKey),
    credential: toBase64url(passkey.credential),
    salt: toBase64url(passkey.salt),
    wrapped: toBase64url(wrapped),
  });
}

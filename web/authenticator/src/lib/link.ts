// Activation links: what is scanned, pasted, or stands behind the # of our own address.
export type ActivationLink =
  { kind: "here"; code: string } | { kind: "elsewhere"; host: string; url: string } | { kind: "unknown" };

// As the server takes them (activation page: 8 to 64 letters, digits, - and _).
const CODE = /^[A-Za-z0-9_-]{8,64}$/;
const TEXT_MAX = 2048;

// `#activate=CODE`; undefined where the address is about something else.
export function codeInHash(hash: string): string | undefined {
  const code = hash.startsWith("#activate=") ? decoded(hash.slice("#activate=".length)) : undefined;
  return code !== undefined && CODE.test(code) ? code : undefined;
}

// `here` is our own host with its port. A code alone counts as ours; a link of another server is told apart, since
// this program talks to its own server only.
export function parseActivation(text: string, here: string): ActivationLink {
  const trimmed = text.trim();
  if (trimmed.length > TEXT_MAX) return { kind: "unknown" };
  if (CODE.test(trimmed)) return { kind: "here", code: trimmed };
  const url = URL.canParse(trimmed) ? new URL(trimmed) : undefined;
  if (!url || url.protocol !== "https:" || url.username !== "" || url.password !== "") return { kind: "unknown" };
  const code = codeIn(url);
  if (code === undefined) return { kind: "unknown" };
  if (url.host === here.toLowerCase()) return { kind: "here", code };
  return { kind: "elsewhere", host: url.host, url: `${url.origin}/authenticator/#activate=${code}` };
}

function codeIn(url: URL): string | undefined {
  if (url.pathname === "/authenticator/") return codeInHash(url.hash);
  const found = /^\/activate\/([^/]+)$/.exec(url.pathname)?.[1];
  return found !== undefined && CODE.test(found) ? found : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

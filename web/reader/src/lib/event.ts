// What a row's text and its open part say (docs/protocols/history-export.md, Texts).
import { Cutter, fromUtf8, malformed, utf8, type Bytes } from "./bytes.ts";

export type Event = Record<string, unknown>;

export interface Opened {
  tenant: string;
  stream: string;
  id: string;
  day: number;
}

// LENGTH ":" BYTES ";", lengths in bytes.
class Fields {
  #at = 0;

  constructor(private readonly bytes: Bytes) {}

  text(): string {
    const colon = this.bytes.indexOf(0x3a, this.#at);
    const digits = colon < 0 ? "" : fromUtf8(this.bytes.subarray(this.#at, colon));
    if (!/^(0|[1-9]\d{0,6})$/.test(digits)) throw malformed("a text of another form");
    const end = colon + 1 + Number(digits);
    if (this.bytes[end] !== 0x3b) throw malformed("a text that is cut short");
    this.#at = end + 1;
    return fromUtf8(this.bytes.subarray(colon + 1, end));
  }

  number(): number {
    const digits = this.text();
    if (!/^(0|[1-9]\d{0,14})$/.test(digits)) throw malformed("not a number");
    return Number(digits);
  }

  end(): void {
    if (this.#at !== this.bytes.length) throw malformed("something is left over in a text");
  }
}

// Each field after its length in eight bytes, the low one first; no length here needs more than two.
export function decodeOpen(bytes: Bytes): Opened {
  const cut = new Cutter(bytes);
  const field = (): string => {
    const size = cut.take(8);
    if (size.subarray(2).some((byte) => byte !== 0)) throw malformed("what stands beside the row is not of its form");
    return fromUtf8(cut.take((size[0] ?? 0) + 256 * (size[1] ?? 0)));
  };
  const opened = { tenant: field(), stream: field(), id: field(), day: field() };
  cut.end();
  if (!/^(0|[1-9]\d{0,6})$/.test(opened.day)) throw malformed("what stands beside the row is not of its form");
  return { ...opened, day: Number(opened.day) };
}

const TEXTS = ["event_type", "result", "reason", "factor", "user.key", "user.name", "email", "alias", "application.key"];
const AUTHENTICATION = [...TEXTS, "application.name", "access_device.ip", "access_device.hostname", "auth_device.key"];
const DEVICE = ["auth_device.name", "auth_device.ip"];
const BROWSER = ["browser", "browser_version", "os", "os_version"].map((name) => `access_device.${name}`);
const ACTIVITY = ["action", "details", "actor.type", "actor.key", "actor.name", "target.type", "target.key"];
const TARGET = ["target.name", "outcome"];

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

// A row about nobody, by which the service notices thieves.
export function isCanary(text: string): boolean {
  return text.startsWith("k1;");
}

// A flat object: names with dots, as columns have them.
export function decodeEvent(text: string, opened: Opened): Event {
  if (text.startsWith("{")) return flat(JSON.parse(text) as Event);
  const version = text.slice(0, 3);
  const fields = new Fields(utf8(text.slice(3)));
  const event: Event = { time: isoTime(fields.number()), stream: opened.stream };
  const read = (names: string[]): void => {
    for (const name of names) event[name] = fields.text();
  };
  if (version === "a1;" || version === "a2;") {
    read([...AUTHENTICATION, ...DEVICE]);
    event.txid = fields.text() || opened.id;
    const groups: string[] = [];
    for (let left = fields.number(); left > 0; left--) groups.push(fields.text());
    event["user.groups"] = groups.join(", ");
    if (version === "a2;") read(BROWSER);
  } else if (version === "c1;") {
    read([...ACTIVITY, ...TARGET]);
    event.id = opened.id;
  } else {
    throw malformed("a text of a version that this reader does not know");
  }
  fields.end();
  return event;
}

function flat(value: Event, before = "", into: Event = {}): Event {
  for (const [name, member] of Object.entries(value)) {
    if (member !== null && typeof member === "object" && !Array.isArray(member)) {
      flat(member as Event, `${before}${name}.`, into);
    } else {
      into[before + name] = Array.isArray(member) ? member.map(String).join(", ") : member;
    }
  }
  return into;
}

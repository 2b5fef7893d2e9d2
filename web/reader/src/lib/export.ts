// An export: lines in, opened rows and reasons out (docs/protocols/history-export.md).
import { fromBase64url, malformed, ReadError, refused, same, toBase64url, type Bytes } from "./bytes.ts";
import { dateOf, decodeHeader, decodeTrailer, EpochKey, placeOf, rootOf, rowHash, unwrap } from "./epoch.ts";
import type { Header, Trailer } from "./epoch.ts";
import { decodeEvent, decodeOpen, isCanary, type Event } from "./event.ts";
import type { KeyPair } from "./keys.ts";
import { readSlot, type Slot } from "./slot.ts";

const LINE_MAX = 2 * 1024 * 1024;
const BATCH = 1024;

export interface Problem {
  what: string;
  rows: number;
}

type Line = Record<string, unknown>;

function textOf(line: Line, name: string): string {
  const value = line[name];
  if (typeof value !== "string") throw malformed(`a line without ${name}`);
  return value;
}

function numberOf(line: Line, name: string): number {
  const value = line[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw malformed(`a line without ${name}`);
  return value;
}

const MEMBERS: Record<string, readonly string[]> = {
  export: ["export", "tenant", "tenant_name", "first_day", "last_day", "made"],
  slot: ["slot", "kind", "name", "public_key", "credential", "salt", "wrapped"],
  day: ["day", "key"],
  epoch: ["epoch", "trailer"],
  row: ["row", "open"],
  end: ["end"],
};

export function parseLine(text: string): { kind: string; line: Line } {
  if (text.length > LINE_MAX) throw malformed("a line over 2 MiB");
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    throw malformed("this is not an export: a line is not JSON");
  }
  const names = line !== null && typeof line === "object" ? Object.keys(line) : [];
  const kind = names[0] ?? "";
  const known = Object.hasOwn(MEMBERS, kind) ? MEMBERS[kind] : undefined;
  if (!known || names.length !== known.length || !known.every((name) => names.includes(name))) {
    throw malformed("this is not an export that this reader knows");
  }
  return { kind, line: line as Line };
}

export interface Preamble {
  tenant: string;
  tenantName: string;
  firstDay: number;
  lastDay: number;
  slots: Slot[];
}

// What stands before the keys: whose it is, and how it can be unlocked.
export async function readPreamble(lines: AsyncIterable<string>): Promise<Preamble> {
  let out: Preamble | undefined;
  for await (const text of lines) {
    const { kind, line } = parseLine(text);
    if (!out) {
      if (kind !== "export" || line.export !== 1) throw malformed("this is not an export that this reader knows");
      out = {
        tenant: textOf(line, "tenant"),
        tenantName: textOf(line, "tenant_name"),
        firstDay: numberOf(line, "first_day"),
        lastDay: numberOf(line, "last_day"),
        slots: [],
      };
    } else if (kind === "slot") {
      out.slots.push(readSlot(line));
    } else {
      break;
    }
  }
  if (!out) throw malformed("the file is empty");
  return out;
}

interface Epoch {
  header: Header;
  trailer: Trailer | undefined;
  key: EpochKey | undefined;
  hashes: Bytes[]; // by number
  numbers: Set<number>;
}

interface Waiting {
  epoch: Epoch;
  row: Bytes;
  open: Bytes;
}

export class Opening {
  readonly events: Event[] = [];
  canaries = 0; // opened, and not among the events
  #problems = new Map<string, number>();
  #tenant = "";
  #whole = true;
  #rows = 0;
  #dayKeys = new Map<number, Bytes>();
  #epochs = new Map<string, Epoch>();
  #waiting: Waiting[] = [];

  constructor(private readonly keys: KeyPair) {}

  get problems(): Problem[] {
    return Array.from(this.#problems, ([what, rows]) => ({ what, rows }));
  }

  // One file, from "export" to "end".   malformed: not such a file, or cut off.
  async file(lines: AsyncIterable<string>, progress?: (rows: number) => void): Promise<void> {
    this.#whole = true;
    for await (const text of lines) {
      const { kind, line } = parseLine(text);
      if (kind !== "row") await this.#flush();
      await this.#take(kind, line);
      if (this.#waiting.length >= BATCH) {
        await this.#flush();
        progress?.(this.events.length);
      }
    }
    await this.#flush();
    if (!this.#whole) throw malformed("the file was cut off: its end is missing");
    for (const epoch of this.#epochs.values()) await this.#checkComplete(epoch);
    this.#epochs.clear();
  }

  async #take(kind: string, line: Line): Promise<void> {
    if (kind === "export") return this.#begin(line);
    if (this.#whole) throw malformed("lines outside an export");
    if (kind === "day") this.#dayKeys.set(numberOf(line, "day"), fromBase64url(textOf(line, "key")));
    if (kind === "epoch") await this.#epoch(line);
    if (kind === "row") this.#row(line);
    if (kind === "end") {
      if (numberOf(line, "end") !== this.#rows) throw malformed("the file does not hold as many rows as it says");
      this.#whole = true;
    }
  }

  #begin(line: Line): void {
    if (line.export !== 1) throw malformed("an export of another version");
    if (!this.#whole) throw malformed("the file was cut off: its end is missing");
    const tenant = textOf(line, "tenant");
    if (this.#tenant !== "" && tenant !== this.#tenant) throw refused("these files are of two tenants");
    this.#tenant = tenant;
    this.#whole = false;
    this.#rows = 0;
  }

  #problem(what: string, rows: number): void {
    this.#problems.set(what, (this.#problems.get(what) ?? 0) + rows);
  }

  async #epoch(line: Line): Promise<void> {
    const header = decodeHeader(fromBase64url(textOf(line, "epoch")));
    const trailerText = textOf(line, "trailer");
    const trailer = trailerText ? decodeTrailer(fromBase64url(trailerText)) : undefined;
    if (header.tenant !== this.#tenant) throw refused("the file holds epochs of another tenant");
    if (trailer && !same(trailer.id, header.id)) throw malformed("a trailer of another epoch");
    const epoch: Epoch = { header, trailer, key: undefined, hashes: [], numbers: new Set() };
    const name = toBase64url(header.id);
    if (this.#epochs.has(name)) throw malformed("an epoch twice");
    this.#epochs.set(name, epoch);
    const dayKey = this.#dayKeys.get(header.day);
    if (!dayKey) return this.#problem(`No key of ${dateOf(header.day)} was released with this export.`, 0);
    try {
      epoch.key = await EpochKey.make(header, await unwrap(header, this.keys, dayKey));
    } catch (error) {
      if (!(error instanceof ReadError)) throw error;
      this.#problem(this.#sentence(dateOf(header.day), error), 0);
    }
  }

  #sentence(place: string, error: ReadError): string {
    if (error.why === "not found") return `${place}: not sealed to this key.`;
    return `${place}: ${error.why}: ${error.message}.`;
  }

  #row(line: Line): void {
    const row = fromBase64url(textOf(line, "row"));
    const open = fromBase64url(textOf(line, "open"));
    const place = placeOf(row);
    const epoch = this.#epochs.get(toBase64url(place.epoch));
    if (!epoch) throw malformed("a row before its epoch");
    if (epoch.numbers.has(place.number)) throw malformed("a row stands twice");
    epoch.numbers.add(place.number);
    this.#rows++;
    this.#waiting.push({ epoch, row, open });
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    const opened = await Promise.all(batch.map((one) => this.#open(one)));
    for (const event of opened) if (event) this.events.push(event);
  }

  async #open({ epoch, row, open }: Waiting): Promise<Event | undefined> {
    const place = placeOf(row);
    if (epoch.trailer) epoch.hashes[place.number] = await rowHash(row, open);
    if (!epoch.key) {
      this.#problem("Rows of days or epochs that do not open", 1);
      return undefined;
    }
    try {
      const about = decodeOpen(open);
      const { tenant, day } = epoch.header;
      if (about.tenant !== tenant || about.day !== day) throw refused("the row is not where it belongs");
      const text = await epoch.key.open(row, open);
      if (!isCanary(text)) return decodeEvent(text, about);
      this.canaries++;
      return undefined;
    } catch (error) {
      if (!(error instanceof ReadError)) throw error;
      this.#problem(this.#sentence(`${dateOf(epoch.header.day)}, row ${place.number}`, error), 1);
      return undefined;
    }
  }

  async #checkComplete({ header, trailer, hashes, numbers }: Epoch): Promise<void> {
    if (!trailer) return;
    const there = numbers.size === trailer.rows;
    // In the order of their numbers, of which some may be left out.
    if (there && same(await rootOf(hashes.filter(() => true)), trailer.root)) return;
    const what = there ? "rows were altered" : `${trailer.rows - numbers.size} of ${trailer.rows} rows are missing`;
    this.#problem(`${dateOf(header.day)}: incomplete: ${what} in an epoch that was closed.`, 0);
  }
}

// Lines of a file as it is read, so that a large one need not be in memory whole.
export async function* linesOf(file: Blob): AsyncGenerator<string> {
  const reader = file.stream().pipeThrough(new TextDecoderStream("utf-8", { fatal: true })).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LINE_MAX) throw malformed("a line over 2 MiB");
    for (const line of lines) if (line !== "") yield line;
  }
  if (rest !== "") throw malformed("the file was cut off in a line");
}

// Server-sent events (WHATWG HTML §9.2.6) out of a body read piece by piece: EventSource cannot sign its request.
export interface ServerEvent {
  name: string;
  data: string;
}

const LINE_MAX = 1 << 20;

// Pieces may end anywhere, also inside a line end; comments and fields that are not ours are passed over.
export class EventParser {
  #rest = "";
  #afterCr = false;
  #first = true;
  #name = "";
  #data: string[] = [];
  retryMs: number | undefined;

  push(piece: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    let text = piece;
    if (this.#first && text !== "") {
      this.#first = false;
      if (text.startsWith("\uFEFF")) text = text.slice(1);
    }
    if (this.#afterCr && text.startsWith("\n")) text = text.slice(1);
    if (piece !== "") this.#afterCr = piece.endsWith("\r");
    const lines = (this.#rest + text).split(/\r\n|\r|\n/);
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > LINE_MAX) throw new Error("a line of the event stream is too long");
    for (const line of lines) {
      const event = this.#line(line);
      if (event) events.push(event);
    }
    return events;
  }

  #line(line: string): ServerEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#name = value;
    if (field === "data") this.#data.push(value);
    if (field === "retry" && /^\d{1,7}$/.test(value)) this.retryMs = Number(value);
    return undefined;
  }

  #dispatch(): ServerEvent | undefined {
    const event = { name: this.#name || "message", data: this.#data.join("\n") };
    const empty = this.#data.length === 0;
    this.#name = "";
    this.#data = [];
    return empty ? undefined : event;
  }
}

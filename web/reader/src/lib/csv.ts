// CSV (RFC 4180) that a spreadsheet does not take for formulas: a cell that begins like one gets a quote in front.
import type { Event } from "./event.ts";

export function cell(value: unknown): string {
  let text = value === null || value === undefined ? "" : String(value);
  if (/^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function columnsOf(events: readonly Event[]): string[] {
  const names = new Set<string>();
  for (const event of events) for (const name of Object.keys(event)) names.add(name);
  return [...names];
}

export function toCsv(events: readonly Event[]): string {
  const columns = columnsOf(events);
  const lines = [columns.map(cell).join(",")];
  for (const event of events) lines.push(columns.map((name) => cell(event[name])).join(","));
  return lines.join("\r\n") + "\r\n";
}

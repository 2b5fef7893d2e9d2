// What went wrong, in words for whoever sits before the page.
import { m } from "../paraglide/messages.js";
import { ReadError } from "./bytes.ts";

export function wordsFor(error: unknown): string {
  if (error instanceof ReadError) {
    if (error.message === "no prf") return m.no_prf();
    if (error.message === "away") return m.away();
    if (error.message === "link") return m.bad_link();
    if (error.message === "server") return m.server_refused();
    return error.message.endsWith(".") ? error.message : m.file_problem({ why: error.message });
  }
  if (error instanceof DOMException) return m.passkey_not_done();
  if (error instanceof TypeError) return m.file_problem({ why: "it is not UTF-8 text" });
  throw error;
}

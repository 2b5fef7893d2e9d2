// The device portal: times as they are here, codes to copy and to print, and passkeys offered where names are filled in.
import { requestOptions, responseJson, type RequestJson } from "./passkey.ts";

// In the reader's words, where the browser knows them; undefined: it is no time.
export function localTime(exact: string, language: string, timeZone?: string): string | undefined {
  const time = new Date(exact);
  if (Number.isNaN(time.getTime())) return undefined;
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short", timeZone }).format(time);
}

export function localTimes(): void {
  document.querySelectorAll<HTMLTimeElement>("time[data-local]").forEach((time) => {
    time.textContent = localTime(time.dateTime, document.documentElement.lang) ?? time.textContent;
  });
}

export function offerCopy(): void {
  const copy = document.querySelector<HTMLButtonElement>("button[data-copy]");
  const print = document.querySelector<HTMLButtonElement>("button[data-print]");
  if (copy && "clipboard" in navigator) {
    copy.hidden = false;
    copy.addEventListener("click", () => {
      void navigator.clipboard.writeText(copy.dataset.copy ?? "").then(() => {
        copy.textContent = copy.dataset.done ?? "";
      });
    });
  }
  if (!print) return;
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}

// WebAuthn Level 3, §5.1.4: passkeys among the suggestions of a field. It waits until one is chosen, so the button's own
// ceremony ends it first.
export async function offerAutofill(): Promise<void> {
  const form = document.querySelector<HTMLFormElement>("form[data-autofill]");
  const field = form?.querySelector<HTMLInputElement>("input[name=response]");
  if (!form || !field || !("PublicKeyCredential" in window)) return;
  const available = window.PublicKeyCredential.isConditionalMediationAvailable;
  if (!available || !(await available.call(window.PublicKeyCredential))) return;
  const waiting = new AbortController();
  form.addEventListener("submit", () => waiting.abort(), { capture: true });
  try {
    const credential = await navigator.credentials.get({
      mediation: "conditional",
      publicKey: requestOptions(JSON.parse(form.dataset.options ?? "{}") as RequestJson),
      signal: waiting.signal,
    });
    if (!credential) return;
    field.value = responseJson(credential as PublicKeyCredential);
    form.submit();
  } catch {
    return;
  }
}

import { readAgain } from "./leaving.ts";

const REVEAL_MS = 5_000;
const SOON_S = 20;

// Said once, to those who hear the page. Set late: a region that is filled before it is known is not read.
export function say(text: string): void {
  const region = document.querySelector("[data-say]");
  window.setTimeout(() => {
    if (region) region.textContent = text;
  }, 700);
}

export function clock(seconds: number): string {
  const left = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
}

export function countDown(box: HTMLElement | null): void {
  const time = box?.querySelector(".time");
  const bar = box?.querySelector("progress");
  if (!box || !time || !bar) return;
  const seconds = Number(box.dataset.left);
  const end = Date.now() + seconds * 1000;
  let warned = seconds <= SOON_S;
  const tick = window.setInterval(() => {
    const left = (end - Date.now()) / 1000;
    time.textContent = clock(left);
    bar.value = Math.max(0, left);
    if (!warned && left <= SOON_S) {
      warned = true;
      say(box.dataset.soon ?? "");
    }
    if (left > -1) return;
    window.clearInterval(tick);
    readAgain();
  }, 500);
}

// A phone that has not answered by now may never have heard: its owner should not have to look for a way out.
export function reveal(details: HTMLDetailsElement | null): void {
  if (details) window.setTimeout(() => (details.open = true), REVEAL_MS);
}

// Asks until something has changed; the server holds each question for a while.
export async function waitForChange(address: string): Promise<void> {
  let pause = 1_000;
  for (;;) {
    const asked = Date.now();
    try {
      const reply = await fetch(address, { headers: { accept: "application/json" }, cache: "no-store" });
      if (reply.ok && ((await reply.json()) as { changed: boolean }).changed) break;
      pause = reply.ok ? 1_000 : Math.min(pause * 2, 15_000);
    } catch {
      pause = Math.min(pause * 2, 15_000);
    }
    const rest = pause - (Date.now() - asked);
    if (rest > 0) await new Promise((done) => window.setTimeout(done, rest));
  }
  readAgain();
}

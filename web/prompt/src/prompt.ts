// What the pages cannot do by themselves: passkeys, live waiting, the browser's key. Every page works without.
import "./mark.svg?url";
import "./prompt.css";
import "./portal.css";

import { proveBrowser } from "./browser-key.ts";
import { confirmOnce, offerPasskeys } from "./passkey.ts";
import { localTimes, offerAutofill, offerCopy } from "./portal.ts";
import { countDown, reveal, say, waitForChange } from "./waiting.ts";

const main = document.querySelector<HTMLElement>("main");

confirmOnce();
if (main) {
  offerPasskeys();
  const { prove, shown, browser, wait } = main.dataset;
  if (prove && browser) void proveBrowser(prove, browser, shown ?? "");
  if (wait) void waitForChange(wait);
  const announced = main.querySelector("[data-announce]")?.textContent;
  if (announced) say(announced);
  countDown(main.querySelector<HTMLElement>("[data-left]"));
  reveal(main.querySelector<HTMLDetailsElement>("[data-reveal]"));
  localTimes();
  offerCopy();
  void offerAutofill();
}

// A page from the browser's memory shows what was; what is may be another.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

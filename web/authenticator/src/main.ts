import { mount } from "svelte";

import Root from "./App.svelte";
import "./app.css";
import { App } from "./lib/app.svelte.ts";
import { m } from "./paraglide/messages.js";

const place = document.getElementById("app");
if (!place) throw new Error("the page has no place for the app");

try {
  const app = await App.start();
  place.replaceChildren();
  mount(Root, { target: place, props: { app } });
} catch {
  // No IndexedDB: a private window of some browsers, or storage switched off.
  place.textContent = m.no_store();
}

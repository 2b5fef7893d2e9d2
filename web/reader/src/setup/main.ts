import { mount } from "svelte";

import "../app.css";
import Setup from "./Setup.svelte";

const place = document.getElementById("app");
if (!place) throw new Error("the page has no place for the app");
place.replaceChildren();
mount(Setup, { target: place });

import { mount } from "svelte";

import "../app.css";
import Open from "./Open.svelte";

const place = document.getElementById("app");
if (!place) throw new Error("the page has no place for the app");
place.replaceChildren();
mount(Open, { target: place });

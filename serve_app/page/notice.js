// The one line that says what the page waits for, what was done, or what went wrong; screen readers read it out.
import { button, el } from "./element.js";

// Long enough to be read twice; what went wrong stays until it is dismissed, or something else is said.
const GOOD_MS = 8000;

const place = document.getElementById("notice");
let timer = 0;
let shown = "";

/** Say something; `kind` is busy, lost, error or good. `left` counts down what is waited for: it is seen, and not read out each time. */
export function say(text, kind = "busy", left = "") {
  clearTimeout(timer);
  if (kind === "good") timer = setTimeout(() => hush("good"), GOOD_MS);
  // Several calls wait for the same; what went wrong once more is news.
  if (kind !== "error" && shown === `${kind} ${text}`) {
    place.querySelector(".left").textContent = left;
    return;
  }
  shown = `${kind} ${text}`;
  place.replaceChildren(el("p", { class: kind }, text, el("span", { class: "left", "aria-hidden": "true" }, left),
    kind === "error" ? button("✕", () => hush(), { "aria-label": "Dismiss" }) : null));
}

/** Take back what was said, or only what was said of this kind. */
export function hush(kind) {
  if (kind !== undefined && !shown.startsWith(`${kind} `)) return;
  clearTimeout(timer);
  shown = "";
  place.replaceChildren();
}

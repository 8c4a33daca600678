// The one line that says what the page waits for, or what went wrong; screen readers read it out.
import { el } from "./element.js";

const place = document.getElementById("notice");

/** Say something; `kind` is busy, error or good. */
export function say(text, kind = "busy") {
  place.replaceChildren(el("p", { class: kind }, text));
}

/** Take back what was said, or only what was said of this kind. */
export function hush(kind) {
  const said = place.firstElementChild;
  if (said && (kind === undefined || said.classList.contains(kind))) place.replaceChildren();
}

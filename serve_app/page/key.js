// The API key of a service that wants one: asked for once, kept for as long as the tab is open.
import { button, el, labelled } from "./element.js";

const PLACE = "imagesearch.key";
let asked = null;

export const key = () => sessionStorage.getItem(PLACE);

/** Ask for a key, once for all calls that wait; resolves to whether one was given. `why` is what the service said. */
export function askForKey(why) {
  asked ??= show(why).finally(() => { asked = null; });
  return asked;
}

export function forgetKey() {
  sessionStorage.removeItem(PLACE);
}

function show(why) {
  return new Promise((resolve) => {
    const input = el("input", { type: "password", required: true, autocomplete: "off", spellcheck: "false", id: "key" });
    const form = el("form", { method: "dialog" },
      el("h2", { id: "key-title" }, "This service asks for a key"),
      el("p", {}, why),
      labelled("API key", input),
      el("div", { class: "row" }, el("button", { class: "primary" }, "Use this key"), button("Not now", () => dialog.close("no"))));
    const dialog = el("dialog", { "aria-labelledby": "key-title" }, form);
    form.addEventListener("submit", () => sessionStorage.setItem(PLACE, input.value.trim()));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue !== "no" && key() !== null);
    });
    dialog.addEventListener("cancel", () => { dialog.returnValue = "no"; });
    document.body.append(dialog);
    dialog.showModal();
  });
}

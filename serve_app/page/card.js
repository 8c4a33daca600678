// One picture or text that is searched by: what it looks like, which part of it counts, and how much.
import { button, el, labelled } from "./element.js";
import { regionOf } from "./region.js";
import { thumbnail } from "./thumbnail.js";

/** Build the card of an item; `changed` is called after each change, `remove` by its button; `alone`: no weight is needed. */
export function card(item, { alone, changed, remove }) {
  const whole = button("Whole picture", () => {
    item.region = null;
    stage.replaceWith(stage = pictured());
    changed();
  }, { hidden: !item.region });
  const pictured = () => shown(item, (region) => {
    item.region = region;
    whole.hidden = region === null;
    changed();
  });
  let stage = pictured();
  const weight = el("input", { type: "range", min: "-2", max: "2", step: "0.1", value: item.weight });
  const value = el("output", {}, weighed(item.weight));
  weight.addEventListener("input", () => { value.textContent = weighed(Number(weight.value)); });
  weight.addEventListener("change", () => {
    item.weight = Number(weight.value);
    changed();
  });
  return el("li", { class: "card" },
    stage,
    item.text === undefined ? el("p", { class: "path", title: item.name }, item.name) : null,
    alone ? null : labelled("Weight", el("span", { class: "row" }, weight, value)),
    el("div", { class: "row" }, whole, button("Remove", remove, { "aria-label": `Remove ${item.name}` })));
}

function shown(item, changed) {
  if (item.text !== undefined) return el("p", { class: "words" }, `“${item.text}”`);
  // Only what this service serves is shown: a stranger's server would learn who looks.
  if (item.url !== undefined) return el("p", { class: "words" }, "A picture that the service fetches");
  return regionOf(picture(item), item.region ?? null, changed);
}

/** The picture of an item, large enough to look at. */
export function picture(item) {
  if (item.id !== undefined) return thumbnail(item.id, item.name, 1024);
  item.preview ??= URL.createObjectURL(item.file);
  return el("img", { src: item.preview, alt: item.name });
}

const weighed = (number) => (number < 0 ? `${number} (away from it)` : String(number));

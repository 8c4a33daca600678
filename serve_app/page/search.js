// The view that searches: what is searched by, how, and what was found.
import { ask } from "./api.js";
import { card } from "./card.js";
import { el, labelled } from "./element.js";
import { filters } from "./filters.js";
import { intake } from "./intake.js";
import { results } from "./results.js";

const MOST = 16;
// Keys that are held down and sliders that are drawn make many changes.
const SETTLES_MS = 200;

/** Build the view; `namespace()` says where to search. */
export function searchView(namespace) {
  let items = [];
  let timer = 0;
  const found = results(document.getElementById("results"));
  const list = el("ul", { class: "cards", "aria-label": "What is searched by" });
  const ways = intake(take);
  const conditions = filters(changed);
  const flips = el("input", { type: "checkbox", onchange: changed });
  const close = el("input", { type: "checkbox", onchange: changed });
  const closely = labelled("Look for copies closely", close, { class: "check" });
  const least = el("input", { type: "number", min: "-1", max: "1", step: "0.05", value: "-1", onchange: changed });
  const flipped = labelled("Also mirrored and turned", flips, { class: "check" });
  const options = el("fieldset", { class: "options", hidden: true }, el("legend", {}, "How to search"),
    flipped, closely, labelled("Lowest score", least, { class: "inline" }), conditions.element);
  const place = document.getElementById("query");
  place.append(el("div", { class: "query" }, list, ways.element), options);

  function take(item) {
    if (items.length === MOST) return;
    items.push(item);
    draw();
    changed();
  }

  function draw() {
    const alone = items.length === 1;
    list.replaceChildren(...items.map((item) => card(item, {
      alone,
      changed,
      remove() {
        if (item.preview) URL.revokeObjectURL(item.preview);
        items = items.filter((one) => one !== item);
        draw();
        changed();
        (list.querySelector("button") ?? place.querySelector(".primary")).focus();
      },
    })));
    place.classList.toggle("filled", items.length > 0);
    place.querySelector(".lead").textContent = items.length ? "Add another picture, to search by both." : "Drop a picture anywhere, or paste one.";
    options.hidden = items.length === 0;
    flipped.hidden = closely.hidden = !alone || items[0].text !== undefined;
  }

  function changed() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (items.length === 0) found.clear();
      else if (least.reportValidity()) {
        const ways = { namespace: namespace(), flips: flips.checked && !flipped.hidden, ...(close.checked && !closely.hidden ? { verify: true } : {}), min_score: Number(least.value || -1), filter: conditions.value() };
        found.show(items, ways);
      }
    }, SETTLES_MS);
  }

  async function renewed() {
    changed();
    await conditions.load(namespace()).catch(() => {});
  }

  // Counts are not for every key; without them nothing says that words are taken.
  ask("v1/stats").then((stats) => ways.words(stats.text), () => {});
  renewed();
  return {
    renewed,
    like(id) {
      items = [{ id, name: `picture ${id}`, weight: 1 }];
      draw();
      changed();
      scrollTo({ top: 0 });
      document.getElementById("main").focus({ preventScroll: true });
    },
  };
}

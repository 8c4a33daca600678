// The view that searches: what is searched by, how, and what was found.
import { ask } from "./api.js";
import { card } from "./card.js";
import { el, labelled } from "./element.js";
import { filters } from "./filters.js";
import { intake } from "./intake.js";
import { say } from "./notice.js";
import { past } from "./past.js";
import { results } from "./results.js";

const MOST = 16;
// Keys that are held down and sliders that are drawn make many changes.
const SETTLES_MS = 200;

/** Build the view; `namespace()` says where to search, `reveal()` opens the view and says whether it was closed. */
export function searchView(namespace, reveal) {
  // What is searched by, and what the results have of it: null until it was searched by as it is now.
  let query = { items: [], run: null };
  let timer = 0;
  const places = past();
  const found = results(document.getElementById("results"));
  const list = el("ul", { class: "cards", "aria-label": "What is searched by" });
  const intakes = intake(take);
  const conditions = filters(changed);
  const flips = el("input", { type: "checkbox", onchange: changed });
  const close = el("input", { type: "checkbox", onchange: changed });
  const closely = labelled("Look for copies closely", close, { class: "check" });
  const least = el("input", { type: "number", min: "-1", max: "1", step: "0.05", value: "-1", onchange: changed });
  const flipped = labelled("Also mirrored and turned", flips, { class: "check" });
  const options = el("fieldset", { class: "options", hidden: true }, el("legend", {}, "How to search"),
    flipped, closely, labelled("Lowest score", least, { class: "inline" }), conditions.element);
  const place = document.getElementById("query");
  place.append(el("div", { class: "query" }, list, intakes.element), options);

  function take(item) {
    // Who looked at something else meant this picture, and not one that is searched by elsewhere as well.
    if (reveal()) {
      turn({ items: [], run: null });
      say(`Searching by ${item.name}.`, "good");
    }
    if (query.items.length === MOST) return;
    query.items.push(item);
    draw();
    changed();
  }

  /** Go over to another query, from the place of the history that is shown on. */
  function turn(next) {
    clearTimeout(timer);
    query = next;
    places.keep(query);
    draw();
  }

  function draw() {
    const { items } = query;
    const alone = items.length === 1;
    list.replaceChildren(...items.map((item) => card(item, {
      alone,
      changed,
      remove() {
        if (item.preview) URL.revokeObjectURL(item.preview);
        query.items = query.items.filter((one) => one !== item);
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
    query.run = null;
    timer = setTimeout(() => {
      if (query.items.length === 0) found.clear();
      else if (least.reportValidity()) query.run = found.show(query.items, ways());
    }, SETTLES_MS);
  }

  const ways = () => ({
    namespace: namespace(),
    flips: flips.checked && !flipped.hidden,
    ...(close.checked && !closely.hidden ? { verify: true } : {}),
    min_score: Number(least.value || -1),
    filter: conditions.value(),
  });

  async function renewed() {
    changed();
    await conditions.load(namespace()).catch(() => {});
  }

  // Counts are not for every key; without them nothing says that words are taken.
  ask("v1/stats").then((stats) => intakes.words(stats.text), () => {});
  renewed();
  return {
    renewed,
    /** Show the query of this place of the history; of a new place, that by the picture `id`, else the one that was shown places. */
    open(id) {
      const known = places.here();
      if (known === query) return;
      if (query.run) query.run.left = { at: scrollY, on: document.activeElement };
      if (known) {
        turn(known);
        if (known.run && found.again(known.run, ways())) {
          known.run.left.on.focus({ preventScroll: true });
          scrollTo({ top: known.run.left.at });
        } else changed();
      } else if (id !== undefined) {
        turn({ items: [{ id, name: `picture ${id}`, weight: 1 }], run: null });
        changed();
        scrollTo({ top: 0 });
        document.getElementById("main").focus({ preventScroll: true });
      } else places.keep(query);
    },
  };
}

// One picture that was found.
import { button, el } from "./element.js";
import { bytes, called, fileName, inLine, moment, percent, score } from "./format.js";
import { thumbnail } from "./thumbnail.js";

const SHOWN = 3;

/** Build the cell of a hit; `compare` is called with it, null where there is nothing to compare with. */
export function hitCell(hit, compare) {
  const name = fileName(hit.image_path) || `picture ${hit.milvus_id}`;
  const info = Object.entries(hit.info);
  const meter = el("span", { class: "meter", "aria-hidden": "true" }, el("span", {}));
  meter.firstChild.style.width = `${Math.max(0, hit.score) * 100}%`;
  return el("li", { class: "hit" },
    el("div", { class: "frame" }, thumbnail(hit.milvus_id, name)),
    el("p", { class: "score" }, meter, el("b", {}, score(hit.score)), hit.class ? el("span", { class: `class ${hit.class}`, title: `with a probability of ${percent(hit.probability)}` }, called(hit.class)) : null,
      el("span", { class: "size" }, `${hit.width}×${hit.height}`)),
    el("p", { class: "path", title: hit.image_path ?? "" }, name),
    info.length ? pairs(info.slice(0, SHOWN)) : null,
    details(hit, info.slice(SHOWN)),
    el("div", { class: "row" },
      button("More like this", () => { location.hash = `like/${hit.milvus_id}`; }, { "aria-label": `More like ${name}` }),
      compare ? button("Compare", () => compare(hit), { "aria-label": `Compare with ${name}` }) : null));
}

/** What is shown when it is opened, and made no sooner: of thousands of hits few are. */
function details(hit, info) {
  const folded = el("details", {}, el("summary", {}, "Details"));
  folded.addEventListener("toggle", () => folded.append(pairs([
    ["path", hit.image_path ?? ""],
    ["file", `${hit.format.toUpperCase()}, ${bytes(hit.byte_size)}`],
    ["added", moment(hit.create_time)],
    ["id", String(hit.milvus_id)],
    ...(hit.view && hit.view !== "original" ? [["view", hit.view]] : []),
    ...info,
    ...hit.sources.slice(1).map((source) => ["also at", source.image_path]),
  ])), { once: true });
  return folded;
}

function pairs(entries) {
  return el("dl", {}, entries.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, inLine(value)))));
}

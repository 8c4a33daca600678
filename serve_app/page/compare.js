// Two pictures side by side, and how alike the model finds them.
import { ask } from "./api.js";
import { button, el } from "./element.js";
import { called, fileName, percent, score } from "./format.js";
import { picture } from "./card.js";
import { member } from "./query.js";

/** Show an item of the query beside a hit. */
export async function compareWith(item, hit) {
  const other = { id: hit.milvus_id, name: fileName(hit.image_path) || `picture ${hit.milvus_id}` };
  const verdict = el("p", { class: "verdict", role: "status" }, "Comparing…");
  const dialog = el("dialog", { class: "compare", "aria-labelledby": "compare-title" },
    el("div", { class: "head" }, el("h2", { id: "compare-title" }, "Side by side"), button("Close", () => dialog.close())),
    el("div", { class: "pair" }, side(item, item.region ? "of which the part in the box counts" : "what you search by", item.region ? null : hit.verified?.area.query),
      side(other, `${hit.width}×${hit.height}`, hit.verified?.area.target)),
    verdict);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  try {
    const answer = await ask("v1/compare", { method: "POST", json: { first: await member(item), second: await member(other) } });
    // Who looked closer knows more than the score says.
    verdict.textContent = `Score ${score(answer.score)}: ${hit.class ? `${called(hit.class)}, with a probability of ${percent(hit.probability)}` : words(answer.score)}`;
  } catch (problem) {
    verdict.textContent = problem.message;
  }
}

function side(item, caption, area) {
  const shown = item.url === undefined ? picture({ ...item }) : el("p", { class: "words" }, item.url);
  return el("figure", {}, el("div", { class: "matched" }, shown, area?.length ? outline(area) : null), el("figcaption", {}, el("b", {}, item.name), ` ${caption}`));
}

/** The area that both have in common; corners in fractions of the picture. */
function outline(corners) {
  const make = (tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);
  const drawing = make("svg");
  drawing.setAttribute("viewBox", "0 0 1 1");
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", "the area that both have in common");
  const shape = make("polygon");
  shape.setAttribute("points", corners.map((corner) => corner.join()).join(" "));
  drawing.append(shape);
  return drawing;
}

function words(number) {
  for (const [least, text] of [[0.97, "as good as the same picture"], [0.8, "much alike"], [0.5, "somewhat alike"]]) if (number >= least) return text;
  return "not much alike";
}

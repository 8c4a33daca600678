// Where the time of a search went, as a small bar.
import { el } from "./element.js";

const STAGES = ["wait", "decode", "embed", "search", "metadata", "verify"];

/** Build the bar of an answer's timing_ms; what no stage took is the way between them. */
export function timingBar(timing) {
  const parts = STAGES.filter((stage) => timing[stage] > 0);
  const bar = el("div", { class: "bar", "aria-hidden": "true" }, parts.map((stage) => {
    const part = el("span", { class: `stage-${stage}` });
    part.style.flexGrow = timing[stage];
    return part;
  }));
  const legend = el("ul", { class: "legend" }, parts.map((stage) => el("li", { class: `stage-${stage}` }, `${stage} ${timing[stage].toFixed(1)} ms`)));
  return el("div", { class: "timing" }, bar, legend);
}

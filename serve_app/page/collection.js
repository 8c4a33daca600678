// The view of the collection: how much there is, what is on its way, and what failed.
import { ask } from "./api.js";
import { el } from "./element.js";
import { failures } from "./failures.js";
import { count, duration } from "./format.js";
import { imports } from "./imports.js";

const EVERY_MS = 3000;

/** Build the view; it asks for nothing while it is closed. */
export function collectionView(namespace) {
  const tiles = el("dl", { class: "tiles" });
  const note = el("p", { class: "muted" });
  const running = imports(namespace);
  const failed = failures(namespace);
  let timer = 0;
  let stop = null;
  document.getElementById("collection").append(tiles, note, running.element, failed.element);

  async function counts(signal) {
    try {
      const stats = await ask("v1/stats", { signal });
      note.textContent = `Model ${stats.model}`;
      tiles.replaceChildren(
        tile("Pictures", count(stats.pictures)), tile("Vectors", count(stats.vectors)), tile("Waiting", count(stats.pending)),
        tile("Oldest waits", stats.lag_s === null ? "none" : duration(stats.lag_s)), tile("Failed", count(stats.failed)));
    } catch (problem) {
      if (problem.name === "AbortError") return;
      note.textContent = problem.message;
      // Who would not give a key is not asked for it again and again.
      if (problem.status === 401) return;
    }
    if (!signal.aborted) timer = setTimeout(() => counts(signal), EVERY_MS);
  }

  function close() {
    stop?.abort();
    stop = null;
    clearTimeout(timer);
  }

  return {
    open() {
      close();
      stop = new AbortController();
      counts(stop.signal);
      running.open(stop.signal);
      failed.open(stop.signal);
    },
    close,
  };
}

const tile = (name, value) => el("div", { class: "tile" }, el("dt", {}, name), el("dd", {}, value));

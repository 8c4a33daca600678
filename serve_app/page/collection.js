// The view of the collection: how much there is, what is on its way, and what failed.
import { ask } from "./api.js";
import { el } from "./element.js";
import { failures } from "./failures.js";
import { count, duration } from "./format.js";
import { imports } from "./imports.js";
import { watch } from "./watch.js";

// Without a key, or with one that may not see them, the counts stay as they are.
const REFUSED = new Set([401, 403]);

/** Build the view; it asks for nothing while it is closed. */
export function collectionView(namespace) {
  const tiles = el("dl", { class: "tiles" });
  const note = el("p", { class: "muted" });
  const running = imports(namespace, changed);
  const failed = failures(namespace, changed);
  let stop = null;
  let again = () => {};
  let told = "";
  document.getElementById("collection").append(tiles, note, running.element, failed.element);

  async function counts(signal) {
    try {
      const stats = await ask("v1/stats", { signal });
      const before = told;
      told = JSON.stringify(stats);
      if (told === before) return false;
      note.textContent = `Model ${stats.model}`;
      tiles.replaceChildren(
        tile("Pictures", count(stats.pictures)), tile("Vectors", count(stats.vectors)), tile("Waiting", count(stats.pending)),
        tile("Oldest waits", stats.lag_s === null ? "none" : duration(stats.lag_s)), tile("Failed", count(stats.failed)));
      return true;
    } catch (problem) {
      if (problem.name !== "AbortError") note.textContent = problem.message;
      told = "";
      return REFUSED.has(problem.status) ? null : false;
    }
  }

  /** Something was asked for that will change what is shown. */
  function changed() {
    again();
    failed.look();
  }

  function close() {
    stop?.abort();
    stop = null;
  }

  return {
    open() {
      close();
      stop = new AbortController();
      const { signal } = stop;
      again = watch(() => counts(signal), signal);
      running.open(signal);
      failed.open(signal);
    },
    close,
  };
}

const tile = (name, value) => el("div", { class: "tile" }, el("dt", {}, name), el("dd", {}, value));

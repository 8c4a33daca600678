// What a search found, page after page as the reader scrolls.
import { ask } from "./api.js";
import { compareWith } from "./compare.js";
import { button, el } from "./element.js";
import { count } from "./format.js";
import { hitCell } from "./hit.js";
import { searchBody } from "./query.js";
import { timingBar } from "./timing.js";

// Each page sends its picture again: the first one is quick to come, later ones are large.
const PAGES = [48, 200, 1000];
// Hits that are laid out or left out together; every number of columns in style.css divides it.
const CHUNK = 240;
// The furthest that the service looks.
const MAX_OFFSET = 10_000;

/** Build the place of results. `show(items, options)` searches anew, `again(run, options)` shows what that found, `clear()` empties it. */
export function results(place) {
  const summary = el("p", { class: "summary", role: "status" });
  const timing = el("div");
  const grid = el("div", { class: "grid" });
  const more = button("Show more", () => next());
  const end = el("div", { class: "end" }, more);
  let run = null;
  const sight = new IntersectionObserver((entries) => { if (entries.at(-1).isIntersecting) next(); }, { rootMargin: "1200px" });
  place.append(summary, timing, grid, end);
  end.hidden = true;

  async function next() {
    const mine = run;
    if (mine === null || mine.loading || mine.over) return;
    mine.loading = true;
    place.setAttribute("aria-busy", "true");
    const size = PAGES[Math.min(mine.pages, PAGES.length - 1)];
    try {
      const body = await searchBody(mine.items, { ...mine.options, ...(mine.pages ? { verify: false } : {}), top_k: size, offset: mine.offset });
      const answer = await ask("v1/search", { ...body, signal: mine.stop.signal });
      if (mine === run) add(mine, answer, size);
    } catch (problem) {
      if (problem.name === "AbortError" || mine !== run) return;
      mine.over = mine.wrong = true;
      mine.said = problem.message;
      tell();
    } finally {
      mine.loading = false;
      if (mine === run) place.removeAttribute("aria-busy");
    }
    // Told only of changes, the end would be forgotten where it is in sight still, or again before anybody looked.
    sight.unobserve(end);
    if (mine === run && !mine.over) sight.observe(end);
  }

  function add(mine, answer, size) {
    const known = mine.items.find((one) => one.text === undefined);
    const compare = known ? (hit) => compareWith(known, hit) : null;
    mine.timing ??= timingBar(answer.timing_ms);
    const fresh = answer.hits.filter((hit) => !mine.seen.has(hit.milvus_id));
    for (const hit of fresh) mine.seen.add(hit.milvus_id);
    for (const hit of fresh) {
      if (mine.shown % CHUNK === 0) mine.lists.push(el("ol", { class: "hits", start: mine.shown + 1, "aria-label": `Pictures that were found, from ${mine.shown + 1}` }));
      mine.lists.at(-1).append(hitCell(hit, compare));
      mine.shown++;
    }
    mine.pages++;
    mine.offset += size;
    // Fewer than asked for may also be hits that the catalog does not show.
    mine.over = answer.hits.length + answer.dropped < size || mine.offset > MAX_OFFSET;
    const found = count(mine.shown);
    mine.said = mine.shown === 0
      ? "Nothing found. Take away a filter, or search by another part of the picture."
      : `${found} ${mine.shown === 1 ? "picture" : "pictures"}${mine.over ? "" : " so far"}, best first, in ${answer.timing_ms.total.toFixed(0)} ms`
        + (answer.ranking.complete ? "" : "; the time was over before all that match were compared");
    if (mine.pages === 1) lay();
    else grid.append(...mine.lists.filter((list) => !list.isConnected));
    tell();
  }

  /** Put what was found where it is seen. */
  function lay() {
    grid.replaceChildren(...(run?.lists ?? []));
    timing.replaceChildren(...(run?.timing ? [run.timing] : []));
  }

  function tell() {
    summary.textContent = run?.said ?? "";
    summary.classList.toggle("error", run?.wrong ?? false);
    end.hidden = run?.over ?? true;
  }

  function leave() {
    run?.stop.abort();
    place.removeAttribute("aria-busy");
  }

  return {
    show(items, options) {
      leave();
      run = {
        items: [...items], options, stop: new AbortController(), offset: 0, pages: 0, shown: 0, loading: false, over: false, wrong: false,
        seen: new Set(), lists: [], timing: null, said: "",
      };
      next();
      return run;
    },
    /** Show an earlier run as it was left; false where that is not what would be found, or nothing was. */
    again(earlier, options) {
      if (earlier.pages === 0 || earlier.wrong || JSON.stringify(earlier.options) !== JSON.stringify(options)) return false;
      leave();
      run = earlier;
      run.stop = new AbortController();
      lay();
      tell();
      sight.unobserve(end);
      if (!run.over) sight.observe(end);
      return true;
    },
    clear() {
      leave();
      run = null;
      lay();
      tell();
    },
  };
}

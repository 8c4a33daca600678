// Pictures that could not be loaded, why, and their second chance.
import { ask } from "./api.js";
import { button, el } from "./element.js";
import { count, moment } from "./format.js";
import { say } from "./notice.js";
import { watch } from "./watch.js";

const PAGE = 50;
// The most that a call tells; whoever has more before them reads on undisturbed.
const MOST = 1000;
const REFUSED = new Set([401, 403]);

/** Build the table of a namespace's failures; `retried()` is told of what waits again. `look()` looks at once whether anything changed. */
export function failures(namespace, retried) {
  const body = el("tbody");
  const table = el("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": "Failures" }, el("table", {},
    el("thead", {}, el("tr", {}, ["Picture", "Reason", "What happened", "Tries", "Added"].map((name) => el("th", { scope: "col" }, name)))), body));
  const none = el("p", { class: "muted" });
  const more = button("Show more", showMore);
  const retry = button("Try all of them again", again, { class: "primary", hidden: true });
  // What is shown, as the service told it.
  let shown = [];
  let next = null;
  let open = null;
  let now = () => {};

  /** Look at as many as are shown; resolves to whether anything changed, null where it may not be seen. */
  async function look(signal) {
    if (shown.length > MOST) return false;
    try {
      const limit = Math.max(PAGE, shown.length);
      const page = await ask(`v1/failures?limit=${limit}&namespace=${encodeURIComponent(namespace())}`, { signal });
      // More was asked for meanwhile, and is looked at next time.
      if (limit < shown.length) return true;
      const same = JSON.stringify(page.failures) === JSON.stringify(shown);
      if (!same) body.replaceChildren(...page.failures.map(row));
      draw(page.failures, page.next);
      return !same;
    } catch (problem) {
      if (problem.name !== "AbortError") none.textContent = problem.message;
      return REFUSED.has(problem.status) ? null : false;
    }
  }

  async function showMore() {
    more.disabled = true;
    try {
      const page = await ask(next.slice(1), { signal: open });
      body.append(...page.failures.map(row));
      draw([...shown, ...page.failures], page.next);
    } catch (problem) {
      if (problem.name !== "AbortError") say(problem.message, "error");
    }
    more.disabled = false;
  }

  function draw(rows, following) {
    shown = rows;
    next = following;
    none.textContent = shown.length ? "" : "Nothing failed.";
    table.hidden = retry.hidden = shown.length === 0;
    more.hidden = next === null;
  }

  async function again() {
    retry.disabled = true;
    let total = 0;
    try {
      for (let left = true; left;) {
        const answer = await ask("v1/failures:retry", { method: "POST", json: { namespace: namespace() } });
        total += answer.retried;
        left = answer.more;
      }
      say(`${count(total)} ${total === 1 ? "picture waits" : "pictures wait"} to be loaded again.`, "good");
    } catch (problem) {
      say(problem.message, "error");
    }
    retry.disabled = false;
    retried();
  }

  table.hidden = more.hidden = true;
  return {
    element: el("section", { "aria-labelledby": "failures-title" }, el("h2", { id: "failures-title" }, "Failures"), none, retry, table, more),
    open(signal) {
      open = signal;
      shown = [];
      body.replaceChildren();
      now = watch(() => look(signal), signal);
    },
    look: () => now(),
  };
}

function row(one) {
  return el("tr", {},
    el("td", { class: "path", title: one.image_path }, one.image_path), el("td", {}, el("code", {}, one.error?.code ?? "")),
    el("td", {}, one.error?.detail ?? ""), el("td", {}, String(one.attempts)), el("td", {}, moment(one.create_time)));
}

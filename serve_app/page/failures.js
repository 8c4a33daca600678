// Pictures that could not be loaded, why, and their second chance.
import { ask } from "./api.js";
import { button, el } from "./element.js";
import { count, moment } from "./format.js";
import { say } from "./notice.js";

const PAGE = 50;

/** Build the table of a namespace's failures. */
export function failures(namespace) {
  const body = el("tbody");
  const table = el("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": "Failures" }, el("table", {},
    el("thead", {}, el("tr", {}, ["Picture", "Reason", "What happened", "Tries", "Added"].map((name) => el("th", { scope: "col" }, name)))), body));
  const none = el("p", { class: "muted" });
  const more = button("Show more", () => show(next));
  const retry = button("Try all of them again", again, { class: "primary", hidden: true });
  let next = null;
  let open = null;

  async function show(address) {
    try {
      const page = await ask(address, { signal: open });
      if (address !== next) body.replaceChildren();
      body.append(...page.failures.map(row));
      next = page.next === null ? null : page.next.slice(1);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      none.textContent = problem.message;
      return;
    }
    const any = body.children.length > 0;
    none.textContent = any ? "" : "Nothing failed.";
    table.hidden = retry.hidden = !any;
    more.hidden = next === null;
  }

  async function again() {
    retry.disabled = true;
    let retried = 0;
    try {
      for (let more = true; more;) {
        const answer = await ask("v1/failures:retry", { method: "POST", json: { namespace: namespace() } });
        retried += answer.retried;
        ({ more } = answer);
      }
      say(`${count(retried)} ${retried === 1 ? "picture waits" : "pictures wait"} to be loaded again.`, "good");
    } catch (problem) {
      say(problem.message, "error");
    }
    retry.disabled = false;
    first();
  }

  const first = () => show(`v1/failures?limit=${PAGE}&namespace=${encodeURIComponent(namespace())}`);
  table.hidden = more.hidden = true;
  return {
    element: el("section", { "aria-labelledby": "failures-title" }, el("h2", { id: "failures-title" }, "Failures"), none, retry, table, more),
    open(signal) {
      open = signal;
      first();
    },
  };
}

function row(one) {
  return el("tr", {},
    el("td", { class: "path", title: one.image_path }, one.image_path), el("td", {}, el("code", {}, one.error?.code ?? "")),
    el("td", {}, one.error?.detail ?? ""), el("td", {}, String(one.attempts)), el("td", {}, moment(one.create_time)));
}

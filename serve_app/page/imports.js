// Imports: asked for, followed while they run, steered.
import { ask } from "./api.js";
import { button, el, labelled } from "./element.js";
import { events } from "./events.js";
import { count, duration, moment } from "./format.js";
import { hush, say } from "./notice.js";
import { seen } from "./watch.js";

const SHOWN = 20;
// Each takes a place at the service for as long as it lasts; the others are looked at when one is steered or the view is opened.
const FOLLOWED = 1;

/** Build the list of imports and the form that asks for one; `changed()` is told when one was asked for or steered. */
export function imports(namespace, changed) {
  const list = el("ul", { class: "imports" });
  const source = el("input", { required: true, placeholder: "s3://bucket/cats/ or /srv/pictures/**/*.jpg", autocomplete: "off", spellcheck: "false" });
  const form = el("form", { class: "field" }, labelled("Folder, glob, S3 prefix, table or tar", source), el("button", { class: "primary" }, "Import"));
  const none = el("p", { class: "muted" });
  let open = null;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await ask("v1/imports", { method: "POST", json: { source: source.value.trim(), namespace: namespace() } });
      source.value = "";
      hush("error");
      show(open);
      changed();
    } catch (problem) {
      say(problem.message, "error");
    }
  });

  async function show(signal) {
    open = signal;
    try {
      const { imports: found } = await ask(`v1/imports?limit=${SHOWN}&namespace=${encodeURIComponent(namespace())}`, { signal });
      none.textContent = found.length ? "" : "No import yet.";
      const rows = found.map((one) => importRow(one, changed));
      list.replaceChildren(...rows.map((row) => row.element));
      let followed = 0;
      for (const row of rows) {
        await row.look(signal);
        if (!row.finished() && followed++ < FOLLOWED) row.follow(signal);
      }
    } catch (problem) {
      if (problem.name !== "AbortError") none.textContent = problem.message;
    }
  }

  return { element: el("section", { "aria-labelledby": "imports-title" }, el("h2", { id: "imports-title" }, "Imports"), form, none, list), open: show };
}

function importRow(item, changed) {
  const state = el("span", { class: "state" });
  const bar = el("progress", { max: "1", "aria-label": `Progress of import ${item.import_id}` });
  const told = el("p", { class: "muted" });
  const faults = el("div");
  const actions = el("div", { class: "row" });
  const element = el("li", {}, el("div", { class: "head" }, el("b", { class: "path", title: item.source }, item.source), state), bar, told, faults, actions);
  let view = null;
  let asked = null;

  function draw(next) {
    view = next;
    const { rows, lines } = view;
    const done = rows.loaded + rows.duplicate + rows.failed;
    const all = Math.max(done + rows.pending, view.read_time === null ? view.total_lines ?? 0 : 0);
    state.textContent = view.finished ? "finished" : view.state === "done" ? "loading" : view.state;
    state.className = `state ${view.error || rows.failed || lines.bad ? "bad" : ""}`;
    if (all) bar.value = done / all;
    else if (view.finished) bar.value = 1;
    told.textContent = [
      `${count(rows.loaded)} loaded`, rows.duplicate && `${count(rows.duplicate)} duplicates`, rows.pending && `${count(rows.pending)} waiting`,
      rows.failed && `${count(rows.failed)} failed`, lines.bad && `${count(lines.bad)} bad lines`, lines.known && `${count(lines.known)} known before`,
      view.images_per_s && !view.finished && `${view.images_per_s.toFixed(1)} a second`, view.eta_s && !view.finished && `about ${duration(view.eta_s)} to go`,
      `begun ${moment(view.create_time)}`,
    ].filter(Boolean).join(" · ");
    faults.replaceChildren(...(view.error ? [el("p", { class: "error" }, `${view.error.code}: ${view.error.detail}`)] : []),
      ...(view.errors.length ? [el("details", {}, el("summary", {}, `What went wrong (${view.errors.length}${view.errors.length === 20 ? " shown" : ""})`),
        el("ul", { class: "faults" }, view.errors.map((one) => el("li", {}, el("code", {}, one.code), ` ${one.image_path} `, el("span", { class: "muted" }, one.detail)))))] : []));
    const going = !view.finished && ["pending", "running", "done"].includes(view.state);
    // Focus stays where it is unless the buttons change.
    const wanted = [going && "pause", ["paused", "failed"].includes(view.state) && "resume", !view.finished && "cancel"].filter(Boolean);
    if (wanted.join() !== [...actions.children].map((one) => one.dataset.action).join()) actions.replaceChildren(...wanted.map(action));
  }

  const action = (name) => button(name[0].toUpperCase() + name.slice(1), async () => {
    try {
      await ask(`v1/imports/${item.import_id}:${name}`, { method: "POST" });
      await look(asked);
      changed();
      if (!view.finished) follow(asked);
    } catch (problem) {
      say(problem.message, "error");
    }
  }, { "data-action": name, "aria-label": `${name} the import of ${item.source}` });

  async function look(signal) {
    asked = signal;
    draw(await ask(item.href.slice(1), { signal }));
  }

  /** Follow it to its end while the tab is seen; a stream that breaks off is taken up again. */
  async function follow(signal) {
    while (!signal.aborted && !view.finished && ["pending", "running", "done", "cancelled"].includes(view.state)) {
      const looking = await seen(signal);
      try {
        await events(`v1/imports/${item.import_id}/events`, draw, looking);
      } catch (problem) {
        if (signal.aborted || problem.status) return;
        if (!looking.aborted) await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  }

  return { element, look, follow, finished: () => view?.finished };
}

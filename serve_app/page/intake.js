// The ways in which a picture comes: dropped, pasted, picked, photographed, by its address; and words, where the model takes them.
import { button, el, labelled } from "./element.js";

/** Build the controls; `take` gets an item of the query. `words(true)` shows the field for text. */
export function intake(take) {
  const files = (list) => {
    for (const file of list) if (file.type.startsWith("image/")) take({ file, name: file.name || "pasted picture", weight: 1 });
  };
  const picker = (properties) => el("input", {
    type: "file", accept: "image/*", hidden: true, ...properties,
    onchange: (event) => { files(event.target.files); event.target.value = ""; },
  });
  const chosen = picker({ multiple: true, id: "file" });
  const photographed = picker({ capture: "environment", id: "camera" });
  const address = field("Address of a picture", "url", "https://…", (url) => take({ url, name: url, weight: 1 }));
  const words = field("Words for what is on it", "text", "a red car", (text) => take({ text, name: text, weight: 1 }));
  words.hidden = true;
  const zone = el("div", { class: "drop" },
    el("p", { class: "lead" }, "Drop a picture anywhere, or paste one."),
    el("div", { class: "row" },
      button("Choose pictures", () => chosen.click(), { class: "primary" }),
      button("Take a photo", () => photographed.click(), { class: "camera" }),
      chosen, photographed),
    el("div", { class: "fields" }, address, words));
  listen(files, zone, take);
  return { element: zone, words: (shown) => { words.hidden = !shown; } };
}

function field(label, type, placeholder, take) {
  const input = el("input", { type, placeholder, required: true, autocomplete: "off", maxlength: type === "text" ? 1000 : 2000 });
  const form = el("form", { class: "field" }, labelled(label, input), el("button", {}, "Search"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!input.value.trim()) return;
    take(input.value.trim());
    input.value = "";
  });
  return form;
}

function listen(files, zone, take) {
  let depth = 0;
  const over = (change) => {
    depth = change === null ? 0 : Math.max(0, depth + change);
    zone.classList.toggle("over", depth > 0);
  };
  addEventListener("dragenter", () => over(1));
  addEventListener("dragleave", () => over(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    over(null);
    if (event.dataTransfer.files.length) files(event.dataTransfer.files);
    else {
      const url = event.dataTransfer.getData("text/uri-list").split("\n")[0];
      if (/^https?:/.test(url)) take({ url, name: url, weight: 1 });
    }
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) {
      event.preventDefault();
      files(event.clipboardData.files);
    }
  });
}

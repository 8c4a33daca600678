// Conditions on what is said of pictures, built from the keys that exist in the namespace.
import { ask } from "./api.js";
import { button, choice, el } from "./element.js";

const OPERATORS = {
  text: [["eq", "is"], ["ne", "is not"], ["in", "is one of"]],
  number: [["eq", "="], ["ne", "≠"], ["gte", "≥"], ["lte", "≤"], ["gt", ">"], ["lt", "<"]],
  boolean: [["eq", "is"]],
  time: [["gte", "since"], ["lt", "before"]],
};
const KINDS = { text: "as a text", number: "as a number", boolean: "as true or false" };
// A filter that was only begun asks for nothing.
const ANY = ["", "any"];
const TIME = { name: "create_time", kinds: ["time"], values: [] };

/** Build the list of conditions. `value()` is the filter of the API; `load(namespace)` asks which keys there are. */
export function filters(changed) {
  let keys = [TIME];
  const rows = el("ul", { class: "conditions" });
  const add = button("Add a filter", () => {
    rows.append(condition(keys, changed));
    rows.lastElementChild.querySelector("select").focus();
  });
  const element = el("div", { class: "filters" }, rows, add);
  return {
    element,
    async load(namespace) {
      rows.replaceChildren();
      keys = [TIME];
      const found = await ask(`v1/info-keys?namespace=${encodeURIComponent(namespace)}`);
      keys = [...found.keys, TIME];
    },
    value() {
      const filter = {};
      for (const row of rows.children) {
        const [name, operator, value] = row.read();
        if (value !== null) filter[name] = { ...filter[name], [operator]: value };
      }
      return filter;
    },
  };
}

function condition(keys, changed) {
  const name = choice(keys.map((key) => [key.name, key.name === "create_time" ? "added" : key.name]), { "aria-label": "Key", onchange: () => rebuild() });
  const rest = el("span", { class: "row" });
  const row = el("li", { class: "row condition" }, name, rest, button("✕", () => { row.remove(); changed(); }, { "aria-label": "Remove this filter" }));
  let kind, operator, value;
  function rebuild() {
    const key = keys[name.selectedIndex];
    operator = comparisons(key.kinds, { "aria-label": "Comparison", onchange: () => { refit(key); changed(); } });
    refit(key);
    changed();
  }
  function refit(key) {
    ({ kind } = operator.selectedOptions[0].dataset);
    value = control(kind, key, operator.value);
    value.addEventListener("change", changed);
    rest.replaceChildren(operator, value);
  }
  row.read = () => [name.value, operator.value, read(kind, value, operator.value)];
  rebuild();
  return row;
}

/** The choice of comparisons; those of each kind in a group of their own where a key has values of several. */
function comparisons(kinds, properties) {
  const of = (kind) => OPERATORS[kind].map(([value, text]) => el("option", { value, "data-kind": kind }, text));
  return el("select", properties, kinds.length === 1 ? of(kinds[0]) : kinds.map((kind) => el("optgroup", { label: KINDS[kind] }, of(kind))));
}

function control(kind, key, operator) {
  const label = { "aria-label": "Value" };
  if (kind === "boolean") return choice([ANY, ["true", "true"], ["false", "false"]], label);
  if (kind === "time") return el("input", { type: "datetime-local", ...label });
  if (kind === "number") return el("input", { type: "number", step: "any", ...label });
  if (key.values.length) return choice([...(operator === "in" ? [] : [ANY]), ...key.values.map((one) => [one, one])], { ...label, multiple: operator === "in", size: operator === "in" ? Math.min(5, key.values.length) : null });
  return el("input", { type: "text", placeholder: operator === "in" ? "one, another" : "", ...label });
}

/** The value that a control has, null where it has none yet. */
function read(kind, input, operator) {
  if (operator === "in") {
    const all = input.multiple ? [...input.selectedOptions].map((one) => one.value) : input.value.split(",").map((one) => one.trim()).filter(Boolean);
    return all.length ? all : null;
  }
  if (input.value === "") return null;
  if (kind === "number") return Number(input.value);
  if (kind === "boolean") return input.value === "true";
  return kind === "time" ? new Date(input.value).getTime() / 1000 : input.value;
}

// Builds elements. Text becomes text nodes, never markup, whoever wrote it.

/** Make an element: `on…` properties are listeners, other ones attributes (true: empty, false and null: none). */
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** Make a button that is no submit button. */
export function button(text, onclick, properties = {}) {
  return el("button", { type: "button", onclick, ...properties }, text);
}

/** Make a control with its label around it. */
export function labelled(text, control, properties = {}) {
  return el("label", properties, el("span", {}, text), control);
}

/** Make a choice of [value, text] pairs. */
export function choice(pairs, properties = {}) {
  return el("select", properties, pairs.map(([value, text]) => el("option", { value }, text)));
}

// A box on a picture, drawn with a pointer or moved with keys; in fractions of the picture.
import { el } from "./element.js";

const STEP = 0.05;
// A smaller box is a click that trembled.
const LEAST = 0.02;
const HELP = "Part of the picture to search by. Drag to draw a box. Enter begins one by keyboard: arrow keys move it, "
  + "with Shift they change its size, Escape searches by the whole picture.";

/** Put a box over `image`; `changed` gets {x, y, w, h}, or null for the whole picture, when a gesture ends. */
export function regionOf(image, region, changed) {
  const box = el("div", { class: "box", hidden: true });
  const stage = el("div", { class: "stage", tabindex: "0", role: "application", "aria-label": HELP }, image, box);
  let now = region;
  let from = null;

  const draw = () => {
    box.hidden = now === null;
    if (now === null) return;
    for (const [property, value] of [["left", now.x], ["top", now.y], ["width", now.w], ["height", now.h]]) box.style[property] = `${value * 100}%`;
  };
  const settle = (next) => {
    now = next;
    draw();
    changed(next);
  };
  const place = (event) => {
    const area = stage.getBoundingClientRect();
    return [clamp((event.clientX - area.left) / area.width), clamp((event.clientY - area.top) / area.height)];
  };

  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    stage.setPointerCapture(event.pointerId);
    from = { at: place(event), before: now };
  });
  stage.addEventListener("pointermove", (event) => {
    if (from === null) return;
    const [x, y] = place(event);
    now = { x: Math.min(x, from.at[0]), y: Math.min(y, from.at[1]), w: Math.abs(x - from.at[0]), h: Math.abs(y - from.at[1]) };
    draw();
  });
  const end = (kept) => {
    if (from === null) return;
    const { before } = from;
    from = null;
    if (kept && now && now.w >= LEAST && now.h >= LEAST) settle(now);
    else {
      now = before;
      draw();
    }
  };
  stage.addEventListener("pointerup", () => end(true));
  stage.addEventListener("pointercancel", () => end(false));
  stage.addEventListener("dragstart", (event) => event.preventDefault());
  stage.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && now === null) settle({ x: 0.25, y: 0.25, w: 0.5, h: 0.5 });
    else if (event.key === "Escape" && now !== null) settle(null);
    else if (now === null || !event.key.startsWith("Arrow")) return;
    else settle(moved(now, event.key, event.shiftKey));
    event.preventDefault();
  });
  draw();
  return stage;
}

function moved({ x, y, w, h }, key, sizes) {
  const by = key === "ArrowLeft" || key === "ArrowUp" ? -STEP : STEP;
  const across = key === "ArrowLeft" || key === "ArrowRight";
  if (sizes) return { x, y, w: across ? bounded(w + by, STEP, 1 - x) : w, h: across ? h : bounded(h + by, STEP, 1 - y) };
  return { x: across ? bounded(x + by, 0, 1 - w) : x, y: across ? y : bounded(y + by, 0, 1 - h), w, h };
}

const bounded = (value, least, most) => Math.max(least, Math.min(most, value));
const clamp = (value) => bounded(value, 0, 1);

// Small pictures of the collection: by address where anybody may see them, else fetched with the key and shown out of memory.
import { call } from "./api.js";
import { el } from "./element.js";
import { key } from "./key.js";

const wanted = new WeakMap();
const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    load(target, wanted.get(target));
  }
}, { rootMargin: "600px" });

/** Make an image of a picture, at most `size` pixels a side. */
export function thumbnail(milvusId, alt, size = 256) {
  const address = `v1/images/${milvusId}/thumbnail?size=${size}`;
  const image = el("img", { alt, decoding: "async", loading: key() ? null : "lazy" });
  image.addEventListener("error", () => image.classList.add("gone"));
  if (key()) {
    wanted.set(image, address);
    seen.observe(image);
  } else image.src = address;
  return image;
}

async function load(image, address) {
  try {
    const url = URL.createObjectURL(await (await call(address)).blob());
    image.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
    image.src = url;
  } catch {
    image.classList.add("gone");
  }
}

// Puts the page together: two views, chosen by the address, and one namespace for both.
import { collectionView } from "./collection.js";
import { searchView } from "./search.js";

const views = { search: document.getElementById("search-view"), collection: document.getElementById("collection-view") };
const namespace = document.getElementById("namespace");
const search = searchView(() => namespace.value, () => {
  if (!views.search.hidden) return false;
  history.pushState(null, "", "#search");
  show();
  return true;
});
const collection = collectionView(() => namespace.value);

function show() {
  // The way past the header is a place in the view that is open, not a view.
  if (location.hash === "#main") {
    if (!views.search.hidden) search.open();
    return;
  }
  const [, word, id] = /^#(\w+)(?:\/(\d+))?$/.exec(location.hash) ?? [];
  const name = word === "collection" ? word : "search";
  for (const [one, section] of Object.entries(views)) section.hidden = one !== name;
  for (const link of document.querySelectorAll("header nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (name === "collection") collection.open();
  else {
    collection.close();
    search.open(word === "like" ? Number(id) : undefined);
  }
}

// Told of each step in the history, and of one to the same address, too.
addEventListener("popstate", show);
namespace.addEventListener("change", () => {
  if (!namespace.reportValidity()) return;
  search.renewed();
  if (!views.collection.hidden) collection.open();
});
show();

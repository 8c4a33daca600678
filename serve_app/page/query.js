// What is searched by: pictures (a file, an address, one of the collection) and words, each with a weight and perhaps a region.

/** Make the body of a search, as the options of `ask`: a form for one file, else JSON. */
export async function searchBody(items, options) {
  const { filter, ...plain } = options;
  if (items.length === 1 && items[0].file) {
    const form = new FormData();
    form.set("file", items[0].file, "picture");
    if (items[0].region) form.set("region", JSON.stringify(items[0].region));
    if (Object.keys(filter).length) form.set("filter", JSON.stringify(filter));
    for (const [name, value] of Object.entries(plain)) form.set(name, value);
    return { method: "POST", form };
  }
  const queries = await Promise.all(items.map(member));
  const json = queries.length === 1
    ? { ...queries[0], ...plain, filter }
    : { ...plain, flips: false, filter, queries: queries.map((one, place) => ({ ...one, weight: items[place].weight })) };
  return { method: "POST", json };
}

/** One picture or text as the members of JSON. */
export async function member(item) {
  const region = item.region ? { region: item.region } : {};
  if (item.id !== undefined) return { milvus_id: item.id, ...region };
  if (item.url !== undefined) return { image_path: item.url };
  if (item.text !== undefined) return { text: item.text };
  item.base64 ??= base64(item.file);
  return { image_base64: await item.base64, ...region };
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

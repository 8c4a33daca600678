// Server-sent events, read with fetch: EventSource cannot send a key.
import { call } from "./api.js";

/** Call `heard` with the data of each event until the service ends the stream; throws when it breaks off. */
export async function events(path, heard, signal) {
  const response = await call(path, { signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const data = block.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
      if (data) heard(JSON.parse(data));
    }
  }
}

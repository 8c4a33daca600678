// Calls of the service: with the key where one is needed, again where it is busy or out of reach; problems as errors.
import { askForKey, forgetKey, key } from "./key.js";
import { hush, say } from "./notice.js";

const PATIENCE = 20;
// A service that says nothing of when to come back, and a lost connection.
const PAUSE_S = 2;
const BUSY = new Set([429, 503]);
// Calls that wait for a busy service.
let waiting = 0;

/** What the service said is wrong. */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? `the service answered ${status}`);
    this.status = status;
    this.code = body?.code ?? "";
    this.fields = body?.errors ?? [];
  }
}

/** Fetch until there is an answer that is none of busy, lost or without a key. `signal` ends the waiting, too. */
export async function call(path, options = {}) {
  const turn = { waited: false };
  try {
    return await persist(path, options, turn);
  } finally {
    // What is said for all that wait is taken back by the last of them.
    if (turn.waited && --waiting === 0) hush("busy");
  }
}

async function persist(path, { method = "GET", json, form, signal, patient = true }, turn) {
  let lost = false;
  for (let attempt = 0; ; attempt++) {
    const headers = {};
    const sent = key();
    if (sent) headers.Authorization = `Bearer ${sent}`;
    if (json !== undefined) headers["Content-Type"] = "application/json";
    let response;
    try {
      response = await fetch(path, { method, headers, signal, body: form ?? (json === undefined ? undefined : JSON.stringify(json)) });
    } catch (error) {
      if (error.name === "AbortError" || !patient) throw error;
      // What may have been carried out already is not sent twice, but a search and a look change nothing.
      if (method !== "GET" && !/search|compare/.test(path)) throw new Problem(0, { detail: "the connection was lost; look before you try again" });
      say("Connection lost. Trying again…", "lost");
      lost = true;
      await pause(PAUSE_S, signal);
      continue;
    }
    if (response.ok || response.status === 304) {
      if (lost) say("Connected again.", "good");
      return response;
    }
    const body = await response.json().catch(() => null);
    if (response.status === 401 && patient) {
      // Another was given while this call was on its way.
      if (key() !== sent) continue;
      const wrong = sent !== null;
      if (wrong) forgetKey();
      if (await askForKey(wrong ? `The key was not taken: ${body?.detail ?? ""}` : "Pictures and searches are for those who have one.")) continue;
    }
    if (BUSY.has(response.status) && patient && attempt < PATIENCE) {
      if (!turn.waited) waiting++;
      turn.waited = true;
      await busy(Number(response.headers.get("Retry-After")) || PAUSE_S, signal);
      continue;
    }
    throw new Problem(response.status, body);
  }
}

/** The JSON of an answer. */
export async function ask(path, options) {
  const response = await call(path, options);
  return response.status === 204 ? null : response.json();
}

async function busy(seconds, signal) {
  for (let left = seconds; left > 0; left--) {
    say("Busy, trying again", "busy", ` in ${left} s`);
    await pause(1, signal);
  }
}

/** Wait, but not beyond what `signal` allows, nor longer than it takes the network to come back. */
function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const over = () => {
      clearTimeout(timer);
      removeEventListener("online", over);
      signal?.removeEventListener("abort", over);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(over, seconds * 1000);
    addEventListener("online", over);
    signal?.addEventListener("abort", over);
    if (signal?.aborted) over();
  });
}

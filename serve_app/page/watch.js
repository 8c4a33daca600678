// Looking again and again: soon where something changed, ever less often while nothing does, and never in a tab that is hidden.

const SOON_MS = 3000;
const LATE_MS = 30_000;
const LESS_OFTEN = 1.5;

/**
 * Call `look` until `signal` aborts; it resolves to whether anything changed, null: never look again.
 * Returns what has it look at once: for whoever knows that something changes now.
 */
export function watch(look, signal) {
  let pause = SOON_MS;
  let timer = 0;
  let looking = false;
  let late = false;

  async function turn() {
    clearTimeout(timer);
    if (document.hidden || signal.aborted) return;
    if (looking) {
      late = true;
      return;
    }
    looking = true;
    late = false;
    const changed = await look();
    // What never looks again is as good as looking for ever.
    if (changed === null) return;
    looking = false;
    if (late) {
      turn();
      return;
    }
    pause = changed ? SOON_MS : Math.min(LATE_MS, pause * LESS_OFTEN);
    if (!signal.aborted) timer = setTimeout(turn, pause);
  }

  function now() {
    pause = SOON_MS;
    turn();
  }

  document.addEventListener("visibilitychange", now, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  turn();
  return now;
}

/** Wait until the tab is seen; resolves to a signal that aborts as it is hidden, or with `signal`. */
export async function seen(signal) {
  while (document.hidden && !signal.aborted) {
    await new Promise((resolve) => {
      const stop = new AbortController();
      const over = () => {
        stop.abort();
        resolve();
      };
      document.addEventListener("visibilitychange", over, { signal: stop.signal });
      signal.addEventListener("abort", over, { signal: stop.signal });
    });
  }
  const hidden = new AbortController();
  document.addEventListener("visibilitychange", () => hidden.abort(), { once: true, signal });
  return AbortSignal.any([signal, hidden.signal]);
}

// Numbers and times as people read them.

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });

export const count = (number) => whole.format(number);

export const score = (number) => number.toFixed(3);

export const percent = (share) => `${(share * 100).toFixed(0)} %`;

const CLASSES = { exact: "same", edited: "copy", same_scene: "same scene", similar: "similar" };

/** What a verified hit is to the query. */
export const called = (kind) => CLASSES[kind] ?? kind;

/** Seconds as the largest unit that fits. */
export function duration(seconds) {
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
    if (seconds >= size) return `${(seconds / size).toFixed(seconds < 10 * size ? 1 : 0)} ${unit}`;
  }
  return seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}

export function bytes(number) {
  for (const [size, unit] of [[2 ** 20, "MB"], [2 ** 10, "kB"]]) {
    if (number >= size) return `${(number / size).toFixed(1)} ${unit}`;
  }
  return `${number} B`;
}

export const moment = (text) => new Date(text).toLocaleString();

/** The last part of a path or address; an upload's name is its digest, of which people need the beginning. */
export function fileName(path) {
  const name = path === null ? "" : path.replace(/[?#].*$/, "").split("/").filter(Boolean).pop() ?? path;
  return /^[0-9a-f]{32,}/.test(name) ? `upload ${name.slice(0, 8)}` : name;
}

/** A value of `info` in one line. */
export const inLine = (value) => (typeof value === "string" ? value : JSON.stringify(value));

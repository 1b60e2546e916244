// Numbers and times as people read them, each with its unit.

import { element } from "./element.js";

const FIXED = "\u00a0"; // between a number and its unit, which no line parts

const numbers = new Intl.NumberFormat("en");
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

export const count = (value) => numbers.format(value);

export function several(value, one, more = `${one}s`) {
  return `${count(value)} ${value === 1 ? one : more}`;
}

export function bytes(value) {
  if (value < 1024) return several(value, "byte");
  const power = Math.min(3, Math.floor(Math.log2(value) / 10));
  return `${(value / 1024 ** power).toFixed(power > 1 ? 1 : 0)}${FIXED}${["", "KiB", "MiB", "GiB"][power]}`;
}

export function span(seconds) {
  const whole = Math.abs(seconds);
  for (const [length, noun] of [[86400, "day"], [3600, "hour"], [60, "minute"]]) {
    if (whole >= length) return several(Math.round(whole / length), noun);
  }
  return whole < 1 ? "a moment" : several(Math.round(whole), "second");
}

/** The same in few letters, for the axis of a chart. */
export function briefly(ms) {
  for (const [length, unit] of [[3_600_000, "h"], [60_000, "min"], [1000, "s"]]) {
    if (ms >= length) return `${Number((ms / length).toFixed(1))} ${unit}`;
  }
  return `${Math.round(ms)} ms`;
}

export function took(ms) {
  if (ms < 1000) return `${count(ms)}${FIXED}ms`;
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)}${FIXED}s` : span(ms / 1000);
}

export function ago(moment) {
  const seconds = (Date.now() - Date.parse(moment)) / 1000;
  return seconds >= 0 ? `${span(seconds)} ago` : `in ${span(seconds)}`;
}

/** The clock's time, with the day where it is another one. */
export function moment(text) {
  const when = new Date(text);
  return when.toDateString() === new Date().toDateString() ? clock.format(when) : `${day.format(when)}, ${clock.format(when)}`;
}

export const time = (text, shown = moment(text)) => element("time", { datetime: text, title: text, text: shown });

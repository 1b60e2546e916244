// The last hour or day on the overview: rates, latency, backlog, and how links ended.

import { Chart } from "./charts.js";
import { at, choose, element } from "./element.js";
import { briefly, count, moment, several, took } from "./format.js";
import { read, trouble } from "./key.js";
import { bar, kindOf } from "./links-shown.js";

const EVERY = 10_000;
const LEAST = 15; // steps that are always drawn
const GOOD = new Set(["fetched", "updated"]);
const MEASURES = {
  share: "From the moment at which somebody shared a link, where the event tells it, to its card.",
  fetch: "One fetch, with the wait for its domain's turn and every redirect.",
  api: "Answers of the API, those that wait for a link included; streams are left out.",
};
let span = "hour";
let measure = null;
let shown = null;

const perMinute = (value) => (value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1));
const rates = new Chart(at("rates"), "Links a minute", [["fetched", "--good"], ["reused", "--bar"], ["ended otherwise", "--bad"]], perMinute);
const latencies = new Chart(at("latencies"), "How long it took", [["half within", "--bar"], ["95 of 100 within", "--wait"], ["99 of 100 within", "--bad"]], (ms) => took(Math.round(ms)), briefly);
const backlog = new Chart(at("backlog"), "Events that wait", [["waiting or worked on", "--bar"], ["put off", "--wait"]], (value) => count(Math.round(value)));

function times(told) {
  const begin = Date.parse(told.begins_at) / 1000;
  return told.backlog.ready.map((_, index) => begin + index * told.step_s);
}

const beginning = (told) => Math.floor((Date.parse(told.since) - Date.parse(told.begins_at)) / 1000 / told.step_s);

/** Nothing is known of steps before this process began to look. */
function known(told, values) {
  const first = beginning(told);
  return values.map((value, index) => (index < first ? null : value));
}

function sum(told, names) {
  return told.backlog.ready.map((_, index) => names.reduce((total, name) => total + (told.ended[name]?.[index] ?? 0), 0));
}

/** Steps of which nothing is known, before this process began to look, are not drawn, but for a few. */
function cut(told) {
  const steps = told.backlog.ready.length;
  const first = Math.min(beginning(told), steps - LEAST);
  if (first <= 0) return told;
  const rest = (one) => (Array.isArray(one) ? one.slice(first) : one && typeof one === "object" ? Object.fromEntries(Object.entries(one).map(([name, value]) => [name, rest(value)])) : one);
  const begins = new Date(Date.parse(told.begins_at) + first * told.step_s * 1000).toISOString();
  return { ...rest(told), begins_at: begins };
}

function show(answer) {
  const told = cut(answer);
  shown = told;
  const names = Object.keys(told.ended);
  const groups = [names.filter((name) => GOOD.has(name)), ["reused"], names.filter((name) => !GOOD.has(name) && name !== "reused")];
  rates.show(times(told), groups.map((group) => known(told, sum(told, group).map((value) => (value * 60) / told.step_s))));
  backlog.show(times(told), [told.backlog.ready, told.backlog.deferred]);
  totals(told, names);
  measured(told);
  const isShort = Date.parse(answer.since) > Date.parse(answer.begins_at);
  at("since").textContent = isShort ? `This process has looked since ${moment(told.since)}; nothing is drawn before.` : "";
}

function totals(told, names) {
  const all = names.map((name) => [name, told.ended[name].reduce((total, value) => total + value, 0)]).filter(([, value]) => value);
  all.sort(([, one], [, other]) => other - one);
  const handled = all.reduce((total, [, value]) => total + value, 0);
  at("handled").textContent = count(handled);
  at("handled-why").textContent = `links in the last ${span}`;
  const lately = sum(told, names).at(-2) ?? 0;
  at("rate").replaceChildren(perMinute((lately * 60) / told.step_s), element("small", { text: " a minute" }));
  at("rate-why").textContent = `links, over the last full ${told.step_s === 60 ? "minute" : `${told.step_s / 60} minutes`}`;
  const most = all[0]?.[1] ?? 1;
  at("endings").replaceChildren(...(all.length
    ? all.map(([name, value]) => bar(name, value / most, `${count(value)}`, name === "reused" || name === "updated" ? "good" : kindOf(name), `${((100 * value) / handled).toFixed(1)} % of ${several(handled, "link")}`))
    : [element("li", { class: "nothing", text: `Nothing was handled in the last ${span}.` })]));
}

/** The measure that a person chose, or the first one that has any. */
function measured(told) {
  const kinds = Object.keys(MEASURES).filter((kind) => told.latency_ms[kind]?.count);
  const kind = kinds.includes(measure) ? measure : kinds[0] ?? "share";
  for (const button of at("measures").querySelectorAll("button")) {
    button.disabled = !told.latency_ms[button.value]?.count;
    button.setAttribute("aria-pressed", String(button.value === kind));
  }
  const found = told.latency_ms[kind];
  const none = told.backlog.ready.map(() => null);
  latencies.show(times(told), [found?.p50 ?? none, found?.p95 ?? none, found?.p99 ?? none]);
  at("latency-why").textContent = MEASURES[kind];
  at("typical").textContent = found?.whole.p50 == null ? "–" : took(found.whole.p50);
  at("typical-of").textContent = { share: "Share to card", fetch: "One fetch", api: "Answer of the API" }[kind];
  at("typical-why").textContent = found?.whole.p95 == null ? "nothing was measured yet" : `for half of all; 95 of 100 within ${took(found.whole.p95)}, 99 within ${took(found.whole.p99)}`;
}

async function load() {
  const asked = span;
  const told = await read(`/v1/history?window=${asked}`);
  if (asked === span) show(told);
}

choose(at("spans"), (value) => { span = value; load().catch(trouble); });
choose(at("measures"), (value) => { measure = value; if (shown) measured(shown); });
load().catch(trouble);
setInterval(() => { if (!document.hidden) load().then(() => trouble(null), trouble); }, EVERY);

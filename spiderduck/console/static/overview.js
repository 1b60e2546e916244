// What the server does now: figures from /metrics, and the latest links.

import { at, element } from "./element.js";
import { follow } from "./events.js";
import { count, several, took } from "./format.js";
import { call, read, reason, trouble } from "./key.js";
import { add, isUnordered, kindOf, row } from "./links-shown.js";

const EVERY = 5000;
const OVER = 10_000;
const SHOWN = 8;
const samples = [];
let timer = null;
let unordered = false;

/** Lines of Prometheus' text format: [name, labels, value]. */
function* series(text) {
  for (const line of text.split("\n")) {
    const found = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!found || line.startsWith("#")) continue;
    const labels = Object.fromEntries([...(found[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value]));
    yield [found[1], labels, Number(found[3])];
  }
}

function bar(name, part, said, kind) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  svg.setAttribute("viewBox", "0 0 100 10");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  rect.setAttribute("width", String(100 * part));
  rect.setAttribute("height", "10");
  svg.append(rect);
  return element("li", { class: kind }, element("span", { text: name.replaceAll("_", " ") }), svg, element("span", { class: "number", text: said }));
}

async function figures() {
  const answer = await call("/metrics");
  if (!answer.ok) throw new Error(await reason(answer));
  const outcomes = new Map();
  const stages = new Map();
  const single = new Map();
  for (const [name, labels, value] of series(await answer.text())) {
    if (name === "spiderduck_outcomes_total") outcomes.set(labels.outcome, value);
    else if (name === "spiderduck_stage_calls_total" || name === "spiderduck_stage_seconds_total") {
      stages.set(labels.stage, { ...stages.get(labels.stage), [name]: value });
    } else single.set(name, value);
  }
  numbers(outcomes, single);
  times(stages);
}

function numbers(outcomes, single) {
  const ended = [...outcomes].filter(([, value]) => value).sort(([, one], [, other]) => other - one);
  const handled = ended.reduce((sum, [, value]) => sum + value, 0);
  const now = Date.now();
  samples.push([now, handled]);
  while (samples.length > 2 && samples[1][0] < now - OVER) samples.shift();
  at("handled").textContent = count(handled);
  if (samples.length > 1) at("rate").replaceChildren(String(((handled - samples[0][1]) / ((now - samples[0][0]) / 1000)).toFixed(1)), element("small", { text: " a second" }));
  const [ready, flying, deferred] = ["ready", "in_flight", "deferred"].map((name) => single.get(`spiderduck_messages_${name}`));
  at("waiting").textContent = ready === undefined ? "–" : count(ready + (flying ?? 0));
  at("waiting-why").textContent = deferred ? `events now; ${count(deferred)} more wait for a later time` : "events that are not handled yet";
  at("given-up").textContent = single.has("spiderduck_dead_letters") ? count(single.get("spiderduck_dead_letters")) : "–";
  const most = Math.max(1, ...ended.map(([, value]) => value));
  at("endings").replaceChildren(...(ended.length ? ended.map(([name, value]) => bar(name, value / most, count(value), name === "reused" || name === "updated" ? "good" : kindOf(name))) : [element("li", { text: "Nothing yet." })]));
}

function times(stages) {
  const means = [...stages].filter(([, one]) => one.spiderduck_stage_calls_total).map(([name, one]) => [name, one.spiderduck_stage_seconds_total / one.spiderduck_stage_calls_total]);
  means.sort(([, one], [, other]) => other - one);
  const slow = means.slice(0, 6);
  at("stages").replaceChildren(...(slow.length ? slow.map(([name, seconds]) => bar(name, seconds / (slow[0][1] || 1), seconds < 0.001 ? "< 1 ms" : took(Math.round(seconds * 1000)), "")) : [element("li", { text: "Nothing yet." })]));
}

async function health() {
  const answer = await fetch("/readyz", { cache: "no-store" });
  const told = await answer.json();
  const missing = Object.entries(told.missing);
  at("health").className = `sentence ${told.ready ? "good" : "bad"}`;
  at("health").textContent = told.ready
    ? "All is well: this process takes links, and everything that it needs answers."
    : `It cannot work now. ${missing.map(([name, why]) => `${name}: ${why}`).join("; ")}.`;
}

async function latest() {
  const answer = await read(`/v1/links?most=${SHOWN}`);
  at("empty").hidden = answer.links.length > 0;
  at("rows").replaceChildren(...answer.links.map(row));
}

async function look() {
  if (document.hidden) return;
  try {
    await Promise.all([figures(), health()]);
    trouble(null);
  } catch (error) {
    trouble(error);
  }
}

function refused(error) {
  unordered = isUnordered(error);
  if (!unordered) trouble(error);
}

follow("/v1/stream", {
  message: (data) => {
    if (unordered) { add(at("rows"), data, SHOWN); return; }
    if (timer || at("rows").contains(document.activeElement)) return;
    timer = setTimeout(() => { timer = null; latest().catch(refused); }, 1000);
  },
  open: () => { at("live").textContent = `Live: the latest ${several(SHOWN, "link")} of everybody who shares with this server.`; },
  lost: () => { at("live").textContent = "The server does not answer; trying again …"; },
  refused: (why) => { at("live").textContent = why; },
});
latest().catch(refused);
look();
setInterval(look, EVERY);

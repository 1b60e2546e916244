// What the server does now: figures from /metrics, and the latest links.

import { at, element, isElsewhere } from "./element.js";
import { follow } from "./events.js";
import { count, several, took } from "./format.js";
import { call, reached, read, reason, trouble } from "./key.js";
import "./history.js";
import { add, bar, row } from "./links-shown.js";
import { healthOf, needsOf, needsTable } from "./needs.js";

const EVERY = 5000;
const SHOWN = 8;
const unordered = isElsewhere("order");
let timer = null;

/** Lines of Prometheus' text format: [name, labels, value]. */
function* series(text) {
  for (const line of text.split("\n")) {
    const found = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!found || line.startsWith("#")) continue;
    const labels = Object.fromEntries([...(found[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value]));
    yield [found[1], labels, Number(found[3])];
  }
}

async function figures() {
  const answer = await call("/metrics");
  if (!answer.ok) throw new Error(await reason(answer));
  const stages = new Map();
  const single = new Map();
  for (const [name, labels, value] of series(await answer.text())) {
    if (name === "spiderduck_stage_calls_total" || name === "spiderduck_stage_seconds_total") {
      stages.set(labels.stage, { ...stages.get(labels.stage), [name]: value });
    } else single.set(name, value);
  }
  numbers(single);
  times(stages);
}

function numbers(single) {
  const [ready, flying, deferred] = ["ready", "in_flight", "deferred"].map((name) => single.get(`spiderduck_messages_${name}`));
  at("waiting").textContent = ready === undefined ? "–" : count(ready + (flying ?? 0));
  at("waiting-why").textContent = deferred ? `events now; ${count(deferred)} more wait for a later time` : "events that are not handled yet";
  at("given-up").textContent = single.has("spiderduck_dead_letters") ? count(single.get("spiderduck_dead_letters")) : "–";
}

function times(stages) {
  const means = [...stages].filter(([, one]) => one.spiderduck_stage_calls_total).map(([name, one]) => [name, one.spiderduck_stage_seconds_total / one.spiderduck_stage_calls_total]);
  means.sort(([, one], [, other]) => other - one);
  const slow = means.slice(0, 6);
  at("stages").replaceChildren(...(slow.length ? slow.map(([name, seconds]) => bar(name, seconds / (slow[0][1] || 1), seconds < 0.001 ? "< 1 ms" : took(Math.round(seconds * 1000)), "")) : [element("li", { class: "nothing", text: "No link was handled in this process yet. In a cluster, schedulers handle them, and their /metrics tell the same." })]));
}

async function health() {
  const answer = await reached("/readyz");
  const told = await answer.json();
  const [kind, said] = healthOf(told);
  at("health").className = `sentence ${kind}`;
  at("health").textContent = said;
  if (!at("needs").contains(document.activeElement)) at("needs").replaceChildren(needsTable("What this process needs", needsOf(told)));
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

follow("/v1/stream", {
  message: (data) => {
    if (unordered) { at("empty").hidden = true; add(at("rows"), data, SHOWN); return; }
    if (timer || at("rows").contains(document.activeElement)) return;
    timer = setTimeout(() => { timer = null; latest().catch(trouble); }, 1000);
  },
  open: () => { at("live").textContent = `Live: the latest ${several(SHOWN, "link")} of everybody who shares with this server.`; },
  lost: () => { at("live").textContent = "The server does not answer; trying again …"; },
  refused: (why) => { at("live").textContent = why; },
});
if (unordered) {
  at("empty").textContent = "New links appear here as they come. This server keeps past ones in order for each domain: Links shows them.";
  at("empty").hidden = false;
} else latest().catch(trouble);
look();
setInterval(look, EVERY);

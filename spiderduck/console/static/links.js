// Links, past and live. A notice makes the list be read again, at most once a second, so that filters, order and
// pictures are always the server's.

import { at, isElsewhere } from "./element.js";
import { follow } from "./events.js";
import { count } from "./format.js";
import { read, trouble } from "./key.js";
import { add, row } from "./links-shown.js";

const AT_A_TIME = 50;
const PAUSE = 1000;
const FIELDS = ["text", "domain", "status", "verdict"];
const rows = at("rows");
let cursor = null;
let older = false;
let unordered = false;
let newest = 0;
let timer = null;
let lost = false;

function query() {
  const made = new URLSearchParams();
  for (const name of FIELDS) if (at(name).value.trim()) made.set(name, at(name).value.trim());
  return made;
}

/** The newest links that fit. Answers of an older question are thrown away. */
async function load() {
  const asked = ++newest;
  const parameters = query();
  history.replaceState(null, "", parameters.size ? `?${parameters}` : location.pathname);
  unordered = isElsewhere("order") && !parameters.has("domain");
  if (unordered) { withoutDomain(parameters.size > 0); return; }
  try {
    const answer = await read(`/v1/links?${parameters}&most=${AT_A_TIME}`);
    if (asked !== newest) return;
    trouble(null);
    rows.replaceChildren(...answer.links.map(row));
    ended(answer, parameters.size > 0);
  } catch (error) {
    if (asked === newest) failed(error);
  }
  rows.setAttribute("aria-busy", "false");
}

function failed(error) {
  rows.replaceChildren();
  at("more").hidden = true;
  at("empty").hidden = true;
  trouble(error);
}

/** A cluster can show only what comes from now on. */
function withoutDomain(filtered) {
  if (filtered) rows.replaceChildren();
  rows.setAttribute("aria-busy", "false");
  at("more").hidden = true;
  at("empty").hidden = !filtered && rows.children.length > 0;
  at("empty").textContent = `This server keeps links in order for each domain. Enter a domain to see its past links${filtered ? " that fit." : "; new links of all domains appear here as they come."}`;
  trouble(null);
}

function ended(answer, filtered) {
  cursor = answer.next_cursor;
  at("more").hidden = !cursor;
  at("more").textContent = rows.children.length ? "Show older links" : "Look further back";
  at("empty").hidden = rows.children.length > 0;
  at("empty").textContent = !filtered ? "Nothing was shared yet. Links appear here as soon as they are handled."
    : cursor ? "None of the 2,000 latest links fits." : "No link fits. Take a filter away to see more.";
}

async function more() {
  older = true; // from here on the list stays as it is: what a person reads must not move
  at("more").disabled = true;
  try {
    const answer = await read(`/v1/links?${query()}&most=${AT_A_TIME}&cursor=${encodeURIComponent(cursor)}`);
    const first = answer.links.map(row);
    rows.append(...first);
    first[0]?.querySelector("a").focus();
    ended(answer, query().size > 0);
    at("live").textContent = `${count(rows.children.length)} links are shown. New ones are not added while you read older ones; reload for them.`;
  } catch (error) {
    trouble(error);
  }
  at("more").disabled = false;
}

function soon(data) {
  if (unordered) {
    if (query().size) return;
    at("empty").hidden = true;
    add(rows, data, AT_A_TIME);
    return;
  }
  if (older || timer || rows.contains(document.activeElement)) return;
  timer = setTimeout(() => { timer = null; load(); }, PAUSE);
}

for (const name of FIELDS) {
  at(name).value = new URLSearchParams(location.search).get(name) ?? "";
  at(name).addEventListener(at(name).tagName === "SELECT" ? "change" : "input", () => {
    clearTimeout(timer);
    older = false;
    timer = setTimeout(() => { timer = null; load(); }, 250);
  });
}
at("filters").addEventListener("submit", (event) => { event.preventDefault(); load(); });
at("more").addEventListener("click", more);
load();
follow("/v1/stream", {
  message: soon,
  open: () => {
    at("live").textContent = "Live: new links appear by themselves.";
    if (lost && !older) load(); // what came meanwhile
    lost = false;
  },
  lost: () => { lost = true; at("live").textContent = "The server does not answer; trying again …"; },
  refused: (why) => { at("live").textContent = why; },
});

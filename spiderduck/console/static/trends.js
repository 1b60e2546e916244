// What is shared more than before, by window.

import { at, domainPage, element, linkPage } from "./element.js";
import { count, several } from "./format.js";
import { read, trouble } from "./key.js";

const FIELDS = ["by", "window", "lang"];
let newest = 0;

/** People per hour as columns; the best hour is full. */
function columns(distribution, window) {
  const make = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const hours = distribution.length;
  const svg = make("svg", { viewBox: `0 0 ${hours * 4} 40`, preserveAspectRatio: "none", role: "img", class: "columns",
    "aria-label": `People per hour over the last ${window}: the best hour was ${hours - 1 - distribution.indexOf(Math.max(...distribution))} hours ago.` });
  distribution.forEach((part, index) => svg.append(make("rect", { x: index * 4 + 0.5, width: 3, y: 40 - part * 0.4, height: part * 0.4 })));
  return svg;
}

function row(one, window) {
  const name = one.title ?? one.url ?? one.domain;
  return element("li", {}, element("a", { class: "row-link", href: one.url ? linkPage(one.url) : domainPage(one.domain) },
    element("span", { class: "thumb rank", title: `rank ${one.rank} of 100, score ${one.score}` }, String(one.rank)),
    element("div", {}, element("h3", { text: name, lang: one.language }), one.url && element("p", { class: "where", text: one.url }),
      element("p", { class: "where", text: `Rank ${one.rank} of 100, with a score of ${count(one.score)}` }),
      one.shares && element("p", { class: "where", text: `${several(one.shares.last_hour, "share")} in the last hour, ${several(one.shares.last_day, "share")} in the last day, by ${several(one.shares.sharers, "person", "people")}` })),
    one.distribution.length > 1 && columns(one.distribution, window),
  ));
}

async function load() {
  const asked = ++newest;
  const query = new URLSearchParams();
  for (const name of FIELDS) if (at(name).value.trim()) query.set(name, at(name).value.trim());
  history.replaceState(null, "", `?${query}`);
  try {
    const found = await read(`/v1/trends?${query}&limit=50`);
    if (asked !== newest) return;
    trouble(null);
    const all = found.links ?? found.domains ?? [];
    at("rows").replaceChildren(...all.map((one) => row(one, at("window").value)));
    at("empty").hidden = all.length > 0;
  } catch (error) {
    if (asked === newest) trouble(error);
  }
  at("rows").setAttribute("aria-busy", "false");
}

const given = new URLSearchParams(location.search);
for (const name of FIELDS) {
  if (given.has(name)) at(name).value = given.get(name);
  at(name).addEventListener("change", load);
}
at("filters").addEventListener("submit", (event) => { event.preventDefault(); load(); });
load();

// The API's page, from /openapi.json: contents, search, an anchor for each call. A call's inside is made when it is opened.

import { element, at, tag } from "./element.js";
import { several } from "./format.js";
import { reached } from "./key.js";
import { inside } from "./docs-call.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
const slug = (name) => `group-${name.toLowerCase().replace(/\W+/g, "-")}`;
let groups = [];

/** Every call of the document, by group; `words` is what the search looks through. */
function grouped(api) {
  const found = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((one) => methods[one]?.responses)) {
      const spec = methods[method];
      const name = spec.tags?.[0] ?? "more";
      if (!found.has(name)) found.set(name, []);
      const words = [path, method, spec.summary, spec.description, spec.operationId, ...(spec.parameters ?? []).map((one) => one.name)].join(" ").toLowerCase();
      found.get(name).push({ path, method, spec, words, id: spec.operationId ?? `${method}-${path}` });
    }
  }
  return found;
}

function row(call, api) {
  const scope = call.spec.security?.[0]?.key?.[0];
  const details = element("details", {}, element("summary", {},
    element("span", { class: `verb ${call.method}`, text: call.method.toUpperCase() }),
    element("h3", {}, element("code", { text: call.path }), element("span", { text: call.spec.summary ?? "" })),
    scope ? tag(scope, "", `Where keys are set, it takes one with the scope ${scope}`) : tag("open", "good", "It asks for no key"),
  ));
  details.addEventListener("toggle", () => {
    if (!details.open) return;
    if (details.childElementCount === 1) details.append(inside(call, api));
    history.replaceState(null, "", `#${call.id}`);
  });
  call.shown = element("article", { class: "op", id: call.id }, details);
  return call.shown;
}

function search() {
  const words = at("wanted").value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const group of groups) {
    const fitting = group.calls.filter((call) => words.every((word) => call.words.includes(word)));
    for (const call of group.calls) call.shown.hidden = !fitting.includes(call);
    group.heading.hidden = group.entry.hidden = !fitting.length;
    count += fitting.length;
  }
  at("counted").textContent = words.length ? (count ? `${several(count, "call fits", "calls fit")}.` : "No call fits. Take a word away.") : `${several(count, "call")} in ${several(groups.length, "group")}.`;
}

/** The call that the address names is opened. */
function open() {
  const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = wanted?.querySelector(":scope > details");
  if (!details) return;
  details.open = true;
  details.firstElementChild.focus({ preventScroll: true });
  wanted.scrollIntoView({ block: "start" });
}

async function load() {
  const answer = await reached("/openapi.json");
  if (!answer.ok) throw new Error(`/openapi.json answered ${answer.status}`);
  const api = await answer.json();
  groups = [...grouped(api)].map(([name, calls]) => ({
    calls, heading: element("h2", { id: slug(name), text: `${name[0].toUpperCase()}${name.slice(1)}` }), entry: element("li", {}, element("a", { href: `#${slug(name)}`, text: name }), element("span", { class: "where", text: ` ${calls.length}` })),
  }));
  at("contents").replaceChildren(...groups.map((group) => group.entry));
  at("calls").replaceChildren(...groups.flatMap((group) => [group.heading, ...group.calls.map((call) => row(call, api))]));
  at("calls").setAttribute("aria-busy", "false");
  search();
  open();
}

at("wanted").addEventListener("input", search);
addEventListener("hashchange", open);
load().catch((error) => { at("counted").textContent = `The description cannot be read. ${error.message}`; at("calls").setAttribute("aria-busy", "false"); });

// The lists in force, and what they say of a link.

import { at, element, linkPage, table, tag } from "./element.js";
import { count, several, span } from "./format.js";
import { read, send, trouble } from "./key.js";
import { row } from "./links-shown.js";

const KINDS = { block: "bad", warn: "wait", no_match: "", unknown: "" };

function lists(found) {
  if (!found.length) {
    at("lists").replaceChildren(element("p", { class: "hint", text: "No list is in force, so nothing is blocked by one. [[lists]] in the settings puts one in force; the documentation of trust and safety tells how." }));
    return;
  }
  at("lists").replaceChildren(table("A list is read again as soon as its file changes.", ["Name", "What it does", ["Entries", "number"], "Version", "Age"], found.map((one) => [
    element("strong", { text: one.name }),
    [one.action, one.category, one.severity].filter(Boolean).join(", "),
    count(one.entries) + (one.unread_lines ? ` (${several(one.unread_lines, "line")} could not be read)` : ""),
    element("code", { text: one.version }),
    element("span", { class: one.stale ? "wait" : "", text: `${span(one.age_s)}${one.stale ? ": older than it should be" : ""}` }),
  ])));
}

function because(one) {
  if (one.basis === "takedown") return "an admin took it down";
  if (one.matched) return `${one.matched.list} names ${one.matched.expression} (${one.matched.entry}) at ${one.matched.hop}`;
  return one.verdict === "unknown" ? "it was never seen here, and no list names its address" : "no list names it, which does not make it safe";
}

async function judge(event) {
  event.preventDefault();
  const urls = at("urls").value.split("\n").map((line) => line.trim()).filter(Boolean);
  if (!urls.length) return;
  try {
    const { results } = await send("POST", "/v1/verdicts", { urls });
    at("state").textContent = `${several(results.length, "link")} judged.`;
    at("results").replaceChildren(table("Verdicts", ["Link", "Verdict", "Because"], results.map((one) => [
      element("a", { href: linkPage(one.url), text: one.url }), tag(one.verdict.replace("_", " "), KINDS[one.verdict]), because(one)])));
  } catch (error) {
    at("state").textContent = error.message;
  }
}

async function load() {
  lists((await read("/v1/lists")).lists);
  const { links } = await read("/v1/links?verdict=block&most=20");
  at("rows").replaceChildren(...links.map(row));
  at("empty").hidden = links.length > 0;
}

at("ask").addEventListener("submit", judge);
load().catch(trouble);

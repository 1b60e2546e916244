// The lists in force, and what they say of a link.

import { at, element, isElsewhere, linkPage, table, tag } from "./element.js";
import { count, moment, several, span, time } from "./format.js";
import { read, send, trouble, whoami } from "./key.js";
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

const told = (verdict) => tag(verdict.replace("_", " "), KINDS[verdict] ?? "");

async function changes() {
  const { links } = await read("/v1/links?most=200");
  const changed = links.filter((one) => one.verdict?.previous).slice(0, 20);
  at("changed").replaceChildren(changed.length ? table("Before and now", ["Link", "Before", "Now", "Because"], changed.map((one) => [
    element("a", { href: linkPage(one.url), text: one.title ?? one.url }),
    element("span", {}, told(one.verdict.previous.verdict), element("span", { class: "where", text: ` since ${moment(one.verdict.previous.as_of)}` })),
    told(one.verdict.verdict), because(one.verdict),
  ])) : element("p", { class: "hint", text: "None: every verdict is the first one." }));
}

async function takedowns() {
  const { takedowns: all } = await read("/v1/takedowns?most=50");
  at("takedowns-part").hidden = false;
  at("takedowns").replaceChildren(all.length ? table("In force, the newest first", ["Link", "Since", "By", "Reason", "Removed", "Act"], all.map((one) => [
    element("a", { href: linkPage(one.url), text: one.url }), time(one.at), one.by ?? "somebody without a key", one.reason ?? "none was given",
    `${several(one.urls.length, "address", "addresses")}, ${several(one.pages, "version")}, ${several(one.pictures, "picture")}; ${one.erased_at ? "no byte is left" : one.removed_at ? "the archive still erases" : "under way"}`,
    element("button", { type: "button", class: "quiet", text: "Lift", "aria-label": `Lift the takedown of ${one.url}`, onclick: () => lift(one.url) }),
  ])) : element("p", { class: "hint", text: "Nothing is. The page of a link takes it down." }));
}

async function lift(url) {
  try {
    await read(`/v1/takedowns?url=${encodeURIComponent(url)}`, { method: "DELETE" });
    await Promise.all([takedowns(), audit()]);
    at("lifted").textContent = `${url} may be fetched again. What was removed does not come back.`;
  } catch (error) {
    at("lifted").textContent = error.message;
  }
}

async function audit(cursor = "") {
  const { entries, next_cursor: rest } = await read(`/v1/audit?most=20${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
  at("audit-part").hidden = false;
  at("audit").replaceChildren(entries.length ? table("The newest first; nothing is ever taken out", ["When", "Who", "What", "Of what", "How"], entries.map((one) => [
    time(one.at), one.by ?? "somebody without a key", element("code", { text: one.action }), one.subject, one.detail ?? "",
  ])) : element("p", { class: "hint", text: "Nobody has changed anything yet." }));
  at("audit-more").hidden = !rest;
  at("audit-more").onclick = () => audit(rest).catch(trouble);
}

async function load() {
  lists((await read("/v1/lists")).lists);
  const { scopes } = await whoami();
  if (scopes.includes("admin")) await Promise.all([takedowns(), audit()]);
  if (isElsewhere("order")) {
    at("changed-title").parentElement.hidden = true;
    at("empty").textContent = "This server keeps links in order for each domain: Links shows the blocked ones of a domain.";
    at("empty").hidden = false;
    return;
  }
  const { links } = await read("/v1/links?verdict=block&most=20");
  at("rows").replaceChildren(...links.map(row));
  at("empty").hidden = links.length > 0;
  await changes();
}

at("ask").addEventListener("submit", judge);
load().catch(trouble);

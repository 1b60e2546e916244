// One link: what is known, why, and what can be done about it.

import { choose, at, element, facts, outward, table, tag } from "./element.js";
import { ago, bytes, moment, several, time, took } from "./format.js";
import { needs, read, send, trouble, whoami } from "./key.js";
import { hostOf, kindOf, pictureAddress, sentence, verdictTag } from "./links-shown.js";
import { showTold } from "./told.js";

const url = new URLSearchParams(location.search).get("url")?.trim() ?? "";
const asked = encodeURIComponent(url);
const SHOWN_FIRST = ["title", "description", "site_name", "author", "published_at", "language", "type", "image", "icon"];
const LONGEST = 400;
let card = null;
let shape = "large";

async function load() {
  const record = await read(`/v1/urls?url=${asked}`);
  const known = record.status !== "unknown";
  card = known ? await read(`/v1/unfurl?url=${asked}&wait_ms=0`) : null;
  const story = await read(`/v1/why?url=${asked}`);
  at("found").hidden = false;
  summary(record);
  showCard();
  way(record);
  verdict(record.verdict);
  metadata(record);
  for (const part of ["metadata-title", "versions-title"]) at(part).parentElement.hidden = !record.page_id;
  why(story);
  await showTold(record.url);
  await versions(record.page_id);
}

function summary(record) {
  at("title").textContent = record.metadata?.title ?? hostOf(record.url) ?? "Link";
  document.title = `${at("title").textContent} · SpiderDuck`;
  at("url").textContent = record.url;
  at("tags").replaceChildren(tag(record.status.replaceAll("_", " "), kindOf(record.status)), " ", verdictTag(record.verdict) ?? "", " ",
    record.shares?.total ? tag(several(record.shares.total, "share"), "", `${several(record.shares.last_day, "share")} in the last day, by ${several(record.shares.sharers, "person", "people")} as far as they were told`) : "");
  at("sentence").textContent = sentence(record);
  at("open").hidden = !/^https?:/i.test(record.url) || record.verdict?.verdict === "block";
  at("open").href = record.destination ?? record.url;
  at("fetch").textContent = record.status === "unknown" ? "Fetch it now" : "Fetch it again";
}

function showCard() {
  const part = at("card-part");
  part.hidden = !card?.title && !card?.image;
  if (!part.hidden) at("card").replaceChildren(drawn(card, shape));
}

function drawn(found, how) {
  const host = hostOf(found.destination ?? found.url);
  if (how === "plain") {
    return element("pre", { class: "preview-plain", text: [found.title, found.description, `${found.site_name ?? host} · ${found.clean_url ?? found.url}`].filter(Boolean).join("\n") });
  }
  const made = element("article", { class: `preview ${how}` });
  if (found.image && !found.image.generic) {
    const large = how === "large";
    const picture = element("img", { alt: found.image.alt ?? "", width: large ? 544 : 136, height: large ? 285 : 136 });
    picture.addEventListener("error", () => picture.remove());
    picture.src = pictureAddress(found.image, large ? 1088 : 272);
    made.append(picture);
  }
  made.append(element("div", { class: "words", lang: found.language },
    element("p", { class: "where", text: [found.site_name ?? host, found.published_at?.slice(0, 10)].filter(Boolean).join(" · ") }),
    element("h3", { text: found.title ?? found.url }),
    found.description && element("p", { text: found.description }),
    found.author && element("p", { class: "where", text: `By ${found.author}` }),
  ));
  return made;
}

function way(record) {
  const steps = (record.redirects ?? []).map((step) => element("li", {}, element("p", {}, outward(step.url)),
    element("p", { class: "where", text: `answered ${step.status_code}${step.by ? ` and led on by ${step.by.replaceAll("_", " ")}` : ""}` })));
  const end = record.destination ?? record.resolved_url;
  if (end) steps.push(element("li", {}, element("p", {}, outward(end)), element("p", { class: "where", text: record.status_code ? `answered ${record.status_code}: this is where a person ends up` : "this is where a person ends up" })));
  at("chain").replaceChildren(...steps);
  at("chain").hidden = !steps.length;
  const content = record.content && `${record.content.type}, ${bytes(record.content.length)}${record.content.encoding ? `, ${record.content.encoding}` : ""}`;
  const domain = hostOf(end ?? record.url);
  at("way").replaceChildren(end ? "" : element("p", { class: "hint", text: "It was not asked for, so nobody knows where it leads." }), facts([
    ["Without tracking", record.clean_url && record.clean_url !== end && element("span", {}, record.clean_url, element("span", { class: "where", text: ` (without ${(record.removed_parameters ?? []).join(", ")})` }))],
    ["The page calls itself", record.canonical_url && record.canonical_url !== end && record.canonical_url],
    ["Content", content],
    ["Fetched", record.fetched_at && time(record.fetched_at, `${moment(record.fetched_at)} (${ago(record.fetched_at)})`)],
    ["Checked last", record.checked_at && time(record.checked_at, `${moment(record.checked_at)} (${ago(record.checked_at)})`)],
    ["Domain", domain && element("a", { href: `/domains?domain=${encodeURIComponent(domain.replace(/:\d+$/, ""))}`, text: "its queue and limit" })],
  ]));
}

const JUDGED = {
  block: "Blocked: nothing of it is shown.",
  warn: "A list warns of it.",
  no_match: "No list names it. That does not make it safe.",
  unknown: "It was never seen here; no list names its address.",
};

function verdict(found) {
  if (!found) { at("verdict").replaceChildren(element("p", { text: "It was not judged." })); return; }
  const match = found.matched;
  at("verdict").replaceChildren(element("p", { class: "sentence", text: found.basis === "takedown" ? "An admin took it down: nothing of it is kept or shown." : JUDGED[found.verdict] }), facts([
    ["Named by", match && `the list ${match.list}: ${match.expression}`],
    ["Entry", match?.entry], ["Where", match?.hop], ["Category", match?.category], ["Comment", match?.comment],
    ["Notes", found.notes?.length ? found.notes.map((note) => `${note.list}: ${note.expression}`).join("; ") : null],
    ["Signals", found.signals?.length ? found.signals.join("; ").replaceAll("_", " ") : null],
    ["Asked", found.lists?.length ? found.lists.map((list) => `${list.name} (version ${list.version}${list.stale ? ", older than it should be" : ""})`).join("; ") : "no list: none is in force here"],
    ["Judged", time(found.as_of)],
    ["Before", found.previous && `${found.previous.verdict}, since ${moment(found.previous.as_of)}`],
  ]));
}

function text(value) {
  const made = typeof value === "string" ? value : described(value);
  return made.length > LONGEST ? `${made.slice(0, LONGEST)} …` : made;
}

function metadata(record) {
  const values = record.metadata ?? {};
  const names = Object.keys(record.provenance ?? {}).filter((name) => values[name] !== undefined && values[name] !== null);
  names.sort((one, other) => (SHOWN_FIRST.indexOf(one) + 99) % 99 - (SHOWN_FIRST.indexOf(other) + 99) % 99);
  if (!names.length) { at("metadata").replaceChildren(element("p", { class: "hint", text: "There is no page to understand." })); return; }
  at("metadata").replaceChildren(table("The first rule that finds something wins; the others are kept beside it.", ["Field", "Value", "Winning rule", "Alternatives"], names.map((name) => {
    const { rule, alternatives = [] } = record.provenance[name];
    const others = element("ul", { class: "others" }, alternatives.map((one) => element("li", {}, element("code", { text: one.rule }), ` ${text(one.value)}`)));
    return [element("code", { text: name }), text(values[name]), element("code", { text: rule }), alternatives.length ? others : element("span", { class: "where", text: "none" })];
  })));
}

function why(story) {
  const longest = story.critical_path[0];
  at("why-total").textContent = longest ? `The latest fetch took ${took(story.total_ms)}, most of it for ${longest.stage.replaceAll("_", " ")} (${took(longest.took_ms)}).` : "";
  const steps = [];
  for (const step of story.steps) {
    if (step.stage !== "extract") steps.push(told(step));
    else if (steps.at(-1)?.fields) steps.at(-1).fields.push(step);
    else steps.push(Object.assign(told({ stage: "extract", what: "" }), { fields: [step] }));
  }
  for (const one of steps.filter((step) => step.fields)) {
    one.children[1].replaceChildren(element("details", {}, element("summary", { text: `${several(one.fields.length, "field")} understood, each by the first rule that found something` }),
      element("ul", { class: "others" }, one.fields.map((step) => element("li", {}, element("p", { text: step.what }), element("p", { class: "where", text: step.because }))))));
  }
  at("why").replaceChildren(...steps);
}

function told(step) {
  return element("li", {},
    element("p", { class: "stage", text: step.stage.replaceAll("_", " ") }),
    element("div", {}, element("p", { text: step.what }), element("p", { class: "where" }, step.because ?? "", step.because && step.at ? " · " : "", step.at && time(step.at))),
    element("p", { class: "took", text: step.took_ms ? took(step.took_ms) : "" }));
}

async function versions(page) {
  if (!page) { at("versions").replaceChildren(element("p", { class: "hint", text: "No version of its page is kept." })); return; }
  const { versions: all, next_cursor: rest } = await read(`/v1/pages/${page}/history?most=20`);
  at("versions").replaceChildren(element("ol", { class: "versions" }, all.map((version, index) => element("li", {},
    element("p", {}, element("strong", {}, time(version.fetched_at)), element("span", { class: "where", text: ` · version ${version.page_id}` })),
    version.changed?.length
      ? table(`What changed since the version before`, ["Field", "Before", "After"], version.changed.map((one) => [element("code", { text: one.field }), one.before === undefined ? "not there" : text(one.before), one.after === undefined ? "not there" : text(one.after)]))
      : element("p", { class: "where", text: index === all.length - 1 && !rest ? "The first version that is kept." : "Nothing that is compared changed." }),
  ))), rest ? element("p", { class: "hint", text: "Older versions are kept as well; GET /v1/pages/{id}/history lists them." }) : "", archived(page));
}

/** A value that has parts, as a person would say it. */
function described(value) {
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value.join(", ");
  if (!value?.url) return JSON.stringify(value);
  return [value.url, value.width && `${value.width} × ${value.height} pixels`, value.type, value.alt && `“${value.alt}”`].filter(Boolean).join(", ");
}

/** The archived text, on demand; shown as text, never as a page. */
function archived(page) {
  const place = element("pre", { hidden: true, tabIndex: 0 });
  const button = element("button", { type: "button", class: "quiet", text: "Show the archived text", onclick: async () => {
    place.hidden = false;
    try {
      const found = await read(`/v1/pages/${page}/text`);
      place.textContent = found.text ?? "This page has no readable text.";
    } catch (error) {
      place.textContent = error.message;
    }
    button.hidden = true;
  } });
  return element("div", { class: "acts" }, button, place);
}

async function again() {
  const { scopes } = await whoami();
  at("fetch").disabled = true;
  at("state").textContent = "It waits for its domain's turn, or is being fetched …";
  try {
    const before = await read(`/v1/urls?url=${asked}`);
    if (scopes.includes("fetch")) await read(`/v1/unfurl?url=${asked}&refresh=${before.status !== "unknown"}&wait_ms=20000`);
    else {
      await send("POST", "/v1/events", { urls: [url], refresh: true });
      await read(`/v1/urls?url=${asked}&wait_ms=20000`);
    }
    await load();
    at("state").textContent = "This is what is known now.";
  } catch (error) {
    at("state").textContent = error.message;
  }
  at("fetch").disabled = false;
}

async function takeDown(event) {
  event.preventDefault();
  try {
    const told = await send("POST", "/v1/takedowns", { url, reason: at("take-down-reason").value.trim() || null });
    at("take-down-dialog").close();
    await load();
    at("state").textContent = `Taken down, with ${several(told.urls.length, "address", "addresses")}, ${several(told.pages, "version")} and ${several(told.pictures, "picture")}.`;
  } catch (error) {
    at("take-down-why").textContent = error.message;
  }
}

async function allowed() {
  const { scopes } = await whoami();
  if (!scopes.includes("fetch")) await needs(at("fetch"), "write");
  await needs(at("take-down"), "admin");
}

choose(at("shapes"), (value) => { shape = value; showCard(); });
at("fetch").addEventListener("click", again);
at("take-down").addEventListener("click", () => at("take-down-dialog").showModal());
at("take-down-close").addEventListener("click", () => at("take-down-dialog").close());
at("take-down-form").addEventListener("submit", takeDown);
at("find").value = url;
if (url) Promise.all([load(), allowed()]).catch(trouble);
else at("none").hidden = false;

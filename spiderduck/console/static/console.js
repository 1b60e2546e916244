// The console: sends what was typed as an event, and shows every notice of the stream as a card.
// Whatever came from a page goes into textContent, never into markup.

import { follow } from "./events.js";
import { call, reason } from "./key.js";

const cards = document.getElementById("cards");
const state = document.getElementById("state");
const shown = new Map();
const MOST_CARDS = 50;

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined && text !== null) made.textContent = text;
  return made;
}

function kindOf(record) {
  if (record.status === "fetched") return "good";
  return record.status === "pending" || record.status === "deferred" ? "wait" : "bad";
}

function link(url) {
  const made = element("a", "", url);
  if (/^https?:/.test(url)) { made.href = url; made.rel = "noopener noreferrer nofollow"; made.target = "_blank"; }
  return made;
}

function picture(image, url) {
  const made = element("img");
  made.alt = image.alt || "";
  made.src = "/images/cards?w=272&src=" + encodeURIComponent(image.url);
  made.addEventListener("error", () => { made.parentNode?.classList.add("plain"); made.remove(); });
  return made;
}

function chain(record) {
  const line = element("p", "where");
  for (const step of record.redirects || []) {
    line.append(link(step.url), ` → (${step.status_code}${step.by ? ", " + step.by : ""}) `);
  }
  line.append(link(record.resolved_url));
  return line;
}

function why(record) {
  const details = element("details");
  details.append(element("summary", "", "Where each value comes from"));
  const table = element("table");
  for (const [field, source] of Object.entries(record.provenance || {})) {
    const row = element("tr");
    row.append(element("th", "", field), element("td", "", source.rule));
    row.append(element("td", "", (source.alternatives || []).map((one) => `${one.rule}: ${one.value}`).join("; ")));
    table.append(row);
  }
  details.append(table);
  return details;
}

function card(record, outcome) {
  const metadata = record.metadata || {};
  const made = element("li", "card");
  if (metadata.image) made.append(picture(metadata.image, record.url)); else made.classList.add("plain");
  const body = element("div", "body");
  body.append(element("h3", "", metadata.title || record.url));
  const where = element("p", "where");
  const known = outcome === "reused" ? (record.status === "fetched" ? "reused" : `${record.status}, known`) : outcome;
  where.append(element("span", "tag " + kindOf(record), known || record.status), " ");
  where.append([metadata.site_name, metadata.author, metadata.published_at].filter(Boolean).join(" · "));
  body.append(where);
  if (metadata.description) body.append(element("p", "", metadata.description));
  if (record.reason) body.append(element("p", "bad", record.reason));
  if (record.last_error) body.append(element("p", "bad", `Latest try: ${record.last_error.reason}`));
  if (record.redirects?.length) body.append(chain(record));
  else { const line = element("p", "where"); line.append(link(record.url)); body.append(line); }
  if (record.provenance && Object.keys(record.provenance).length) body.append(why(record));
  made.append(body);
  return made;
}

function show(record, outcome) {
  document.getElementById("empty").hidden = true;
  shown.get(record.url)?.remove();
  const made = card(record, outcome);
  shown.set(record.url, made);
  cards.prepend(made);
  while (cards.children.length > MOST_CARDS) cards.lastChild.remove();
}

function told(data) {
  const notice = JSON.parse(data);
  const update = notice.type === "spiderduck.url.updated";
  if (!update || shown.has(notice.data.url)) show(notice.data, update ? undefined : notice.outcome);
  state.textContent = "";
}

document.getElementById("ask").addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const text = document.getElementById("url").value.trim();
  const refresh = document.getElementById("refresh").checked;
  const single = !/\s/.test(text);
  const event = { id: `console:${crypto.randomUUID?.() || Date.now() + Math.random()}`, refresh };
  if (single) event.urls = [text]; else event.text = text;
  state.textContent = "Fetching …";
  try {
    const answer = await call("/v1/events", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(event) });
    if (!answer.ok) state.textContent = await reason(answer);
  } catch (error) {
    state.textContent = `The server cannot be reached: ${error.message}`;
  }
});

follow("/v1/stream", {
  message: told,
  open: () => { state.textContent = ""; },
  lost: () => { state.textContent = "The server does not answer; trying again …"; },
  refused: (why) => { state.textContent = why; },
});

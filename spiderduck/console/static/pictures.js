// What the picture caches hold, live, and what an administrator can do about it. Everything that came from the network is
// set as text. Looking asks no origin: thumbnails are made from what is cached.

import { bytes as size, moment, several } from "./format.js";
import { isElsewhere, outward, table, tag } from "./element.js";
import { call, read, reason, trouble, whoami } from "./key.js";
import { offer } from "./playground.js";
import { asData } from "./reading.js";

const EVERY = 3000;
const AT_A_TIME = 4;
const TIERS = {
  rendered: "variants as they were sent, in memory",
  encoded: "originals, in memory",
  disk: "originals, on disk",
  partial: "beginnings of downloads that broke off",
};
const SOURCES = [
  ["rendered", "from the rendered tier", ["rendered", "preview", "coalesced"]],
  ["made", "made from what was here", ["ancestor", "encoded", "disk", "stale"]],
  ["near", "from other caches", ["shared", "additional"]],
  ["network", "asked of the origin", ["network", "revalidated"]],
];

const at = (id) => document.getElementById(id);
const cards = new Map();
let found = null;
let looking = false;

function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function drawn(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function span(seconds) {
  const whole = Math.max(0, Math.abs(seconds));
  for (const [length, noun] of [[86400, "days"], [3600, "hours"], [60, "minutes"]]) {
    if (whole >= 2 * length) return `${Math.round(whole / length)} ${noun}`;
  }
  return `${Math.round(whole)} seconds`;
}

const now = () => Date.now() / 1000;
const sum = (hits, names) => names.reduce((total, name) => total + (hits[name] ?? 0), 0);
const chosen = () => found.pipelines[at("pipeline").value];

async function look() {
  if (looking) return;
  looking = true;
  try {
    const answer = await call("/images/inspect");
    if (!answer.ok) { at("state").textContent = await reason(answer); return; }
    found = await answer.json();
    at("state").textContent = `As of ${moment(new Date())}.`;
    choices();
    show();
  } catch (error) {
    at("state").textContent = error.message;
  } finally {
    looking = false;
  }
}

function choices() {
  const names = Object.keys(found.pipelines);
  if (names.join() === [...at("pipeline").options].map((option) => option.value).join()) return;
  at("pipeline").replaceChildren(...names.map((name) => new Option(name, name)));
}

function show() {
  const pipeline = chosen();
  at("tiers").replaceChildren(...Object.keys(TIERS).map((name) => tier(name, pipeline[name])));
  const loading = pipeline.loading.length;
  at("work").textContent = `Now: ${several(found.renders_active, "render")} running or waiting, ${several(loading, "picture")} loading, `
    + `${several(found.idle_waiting, "piece")} of work for a quiet moment. Since the start: ${several(pipeline.fetches, "request")} to origins.`;
  shares(pipeline);
  chart(pipeline.minutes);
  problems(pipeline.problem_groups);
  pictures(pipeline);
}

function tier(name, of) {
  const made = element("li");
  made.append(element("b", name), element("span", TIERS[name], "where"));
  if (!of || !of.limit_bytes) { made.append(element("p", "off")); return made; }
  const meter = element("meter");
  meter.max = of.limit_bytes;
  meter.value = of.bytes;
  meter.setAttribute("aria-label", `${name}: share of its room that is used`);
  made.append(meter, element("p", `${size(of.bytes)} of ${size(of.limit_bytes)}, ${of.entries} ${of.entries === 1 ? "entry" : "entries"}`));
  return made;
}

function shares(pipeline) {
  const all = sum(pipeline.hits, SOURCES.flatMap(([, , names]) => names));
  at("shares").replaceChildren(...SOURCES.map(([id, label, names]) => {
    const count = sum(pipeline.hits, names);
    const made = element("li");
    made.append(element("i", "", `of-${id}`), `${all ? Math.round((100 * count) / all) : 0} % ${label} (${count})`);
    return made;
  }));
}

function chart(minutes) {
  const last = Math.floor(now() / 60) * 60;
  const known = new Map(minutes.map((minute) => [minute.at, minute.hits]));
  const columns = Array.from({ length: 60 }, (_, index) => last - (59 - index) * 60);
  const rows = columns.map((minute) => SOURCES.map(([, , names]) => sum(known.get(minute) ?? {}, names)));
  const most = Math.max(1, ...rows.map((row) => row.reduce((total, count) => total + count, 0)));
  const picture = drawn("svg", { viewBox: "0 0 600 100", preserveAspectRatio: "none", role: "img" });
  picture.setAttribute("aria-label", `Answers of the last hour, at most ${most} in a minute; the table has the numbers.`);
  rows.forEach((row, column) => {
    let top = 100;
    row.forEach((count, index) => {
      const height = (100 * count) / most;
      top -= height;
      if (count) picture.append(drawn("rect", { x: column * 10 + 1, y: top, width: 8, height, class: `of-${SOURCES[index][0]}` }));
    });
  });
  at("chart").replaceChildren(picture);
  const head = element("tr");
  head.append(...["minute", ...SOURCES.map(([, label]) => label)].map((label) => element("th", label)));
  const lines = rows.map((row, index) => [columns[index], row]).filter(([, row]) => row.some(Boolean)).reverse();
  at("minutes").replaceChildren(head, ...lines.map(([at_s, row]) => {
    const line = element("tr");
    line.append(element("td", moment(at_s * 1000)), ...row.map((count) => element("td", String(count))));
    return line;
  }));
}

function problems(groups) {
  if (!groups.length) { at("problems").replaceChildren(element("caption", "None.", "hint")); return; }
  const head = element("tr");
  head.append(...["host", "reason", "times", "pictures", "last", "for example"].map((label) => element("th", label)));
  at("problems").replaceChildren(head, ...groups.map((group) => {
    const line = element("tr");
    const example = element("td", group.example);
    example.title = group.detail;
    line.append(
      element("td", group.host), element("td", group.reason), element("td", String(group.times)),
      element("td", String(group.pictures)), element("td", `${span(now() - group.last_at)} ago`), example,
    );
    return line;
  }));
}

/** The pictures of a pipeline by their address, with all that is cached of each. */
function gathered(pipeline) {
  const all = new Map();
  for (const name of ["rendered", "encoded", "disk"]) {
    for (const entry of pipeline[name]?.shown ?? []) {
      if (!all.has(entry.identifier)) all.set(entry.identifier, { rendered: [], encoded: [], disk: [] });
      all.get(entry.identifier)[name].push(entry);
    }
  }
  return all;
}

function pictures(pipeline) {
  const name = at("pipeline").value;
  const part = at("filter").value.trim().toLowerCase();
  const known = [...gathered(pipeline)];
  offer(known.map(([src]) => src));
  const all = known.filter(([src]) => src.toLowerCase().includes(part));
  const wanted = new Map(all.map(([src, of]) => [`${name} ${src}`, [src, of]]));
  for (const [key, card] of cards) {
    if (!wanted.has(key)) { card.remove(); cards.delete(key); }
  }
  at("empty").hidden = all.length > 0;
  for (const [key, [src, of]] of wanted) {
    if (!cards.has(key)) cards.set(key, card(name, src, pipeline.presets));
    describe(cards.get(key).querySelector(".facts"), of);
  }
  const ordered = [...wanted.keys()].map((key) => cards.get(key));
  const moved = ordered.some((each, index) => at("pictures").children[index] !== each);
  if (moved && !at("pictures").contains(document.activeElement)) at("pictures").replaceChildren(...ordered);
  else at("pictures").append(...ordered.filter((each) => !each.isConnected));
}

function describe(list, of) {
  const lines = [];
  for (const entry of [...of.encoded, ...of.disk]) {
    const where = of.encoded.includes(entry) ? "original in memory" : "original on disk";
    const life = entry.stale_at ? `, ${entry.stale_at > now() ? "fresh for" : "stale for"} ${span(entry.stale_at - now())}` : "";
    lines.push(`${where}: ${size(entry.bytes)}${entry.format ? `, ${entry.format}` : ""}${life}`);
  }
  for (const entry of of.rendered) {
    lines.push(`variant in memory: ${entry.width} × ${entry.height} pixels, ${entry.format}, ${size(entry.bytes)}${entry.made_from ? `, made from ${entry.made_from}` : ""}`);
  }
  if (lines.join("\n") === list.dataset.lines) return;
  list.dataset.lines = lines.join("\n");
  list.replaceChildren(...lines.map((line) => element("li", line)));
}

function card(pipeline, src, presets) {
  const made = element("li", "", "card");
  const body = element("div", "", "body");
  const address = URL.canParse(src) ? new URL(src) : { host: "", pathname: src, search: "" };
  body.append(element("h3", address.host), element("p", `${address.pathname}${address.search}`, "where"), element("ul", "", "facts"));
  body.append(acts(pipeline, src, presets));
  const place = element("div", "…", "none");
  made.append(place, body);
  seen.observe(place);
  thumbnails.set(place, `/images/${encodeURIComponent(pipeline)}/thumbnail?src=${encodeURIComponent(src)}`);
  return made;
}

function acts(pipeline, src, presets) {
  const row = element("div", "", "acts");
  const base = `/images/${encodeURIComponent(pipeline)}`;
  const query = `src=${encodeURIComponent(src)}`;
  const act = (label, className, method, path, done) => {
    const button = element("button", label, className);
    button.type = "button";
    button.setAttribute("aria-label", `${label}: ${src}`);
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        const answer = await call(path, { method });
        at("done").textContent = `${src}: ${answer.ok ? done(await answer.json()) : await reason(answer)}`;
      } catch (error) {
        at("done").textContent = error.message;
      }
      button.disabled = false;
      look();
    });
    return button;
  };
  const warm = presets.map((preset) => `&variant=${encodeURIComponent(`preset=${preset}`)}`).join("");
  row.append(
    act("Mark stale", "quiet", "POST", `${base}/stale?${query}`, () => "asked for again when it is next shown."),
    act("Warm", "quiet", "POST", `${base}/warm?${query}${warm}`, (answer) => `${answer.queued} variants are made in a quiet moment.`),
    act("Purge", "danger", "DELETE", `${base}/store?${query}`, () => "gone from every cache of this pipeline."),
  );
  return row;
}

// Thumbnails: what comes into view, a few at a time. They are asked for with the key, so they come as data.
const thumbnails = new WeakMap();
const queue = [];
let running = 0;
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    queue.push(entry.target);
  }
  pump();
}, { rootMargin: "200px" });

function pump() {
  while (running < AT_A_TIME && queue.length) {
    running += 1;
    thumbnail(queue.shift()).finally(() => { running -= 1; pump(); });
  }
}

async function thumbnail(place) {
  try {
    const answer = await call(thumbnails.get(place));
    if (!answer.ok) { place.textContent = answer.status === 404 ? "not here" : "no picture"; return; }
    const picture = element("img");
    picture.alt = "";
    picture.src = await asData(await answer.blob());
    place.replaceWith(picture);
  } catch {
    place.textContent = "no picture";
  }
}

at("pipeline").addEventListener("change", show);
at("filter").addEventListener("input", () => { if (found) pictures(chosen()); });
/** Which processes make pictures, and where, as far as the settings that an admin may see tell it. */
async function makers() {
  at("here").hidden = true;
  at("elsewhere").hidden = false;
  const [{ processes }, { scopes }] = await Promise.all([read("/v1/cluster"), whoami()]);
  const all = processes.filter((one) => one.parts?.includes("images"));
  const { settings } = scopes.includes("admin") ? await read("/v1/settings") : { settings: [] };
  const address = settings.find((one) => one.name === "images.url")?.value;
  at("makers").replaceChildren(table("Image processes, as they say of themselves", ["Process", "State", ["Memory", "number"]], all.map((one) => [
    one.name, tag(one.state.replaceAll("_", " "), one.state === "running" ? "good" : "bad"), one.resident_bytes ? size(one.resident_bytes) : ""])));
  if (address) at("makers").append(element("p", "From here they are reached at ", "hint"), outward(`${address}/images/inspect/page`));
}

if (isElsewhere("pictures")) makers().catch(trouble);
else {
  setInterval(() => { if (at("live").checked && !document.hidden) look(); }, EVERY);
  look();
}

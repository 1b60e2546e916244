// One domain: what waits for it and why, its limit, and what came of its links.

import { at, element, domainPage, isElsewhere } from "./element.js";
import { count, moment, several, span } from "./format.js";
import { needs, read, send, trouble, whoami } from "./key.js";
import { hostOf, row } from "./links-shown.js";
import "./robots.js";

const EVERY = 3000;
const MOST = 20;
const PARTS = ["found", "robots", "recent"]; // what stands below the figures comes with them, so that nothing moves
const domain = new URLSearchParams(location.search).get("domain")?.trim() ?? "";
const path = `/v1/domains/${encodeURIComponent(domain)}`;

/** Without what the sentence says already. */
const because = (reason) => reason.replace(/^\S+ is paused, (?=since )/, "");

function state(report) {
  const [paused, turn] = [report.backoff_until, report.next_turn].map((one) => (one && Date.parse(one) > Date.now() ? one : null));
  if (paused) return `Paused until ${moment(paused)}${report.pause_reason ? `, ${because(report.pause_reason)}` : ""}.`;
  if (report.waiting && turn) return `${several(report.waiting, "request waits", "requests wait")}; the next turn is at ${moment(turn)}.`;
  if (report.waiting) return `${several(report.waiting, "request waits", "requests wait")} for a turn.`;
  if (report.in_flight) return `It is being asked now.`;
  return "Nothing holds it back, and nothing waits.";
}

function shown(report) {
  for (const id of PARTS) at(id).hidden = false;
  const { waiting = 0, in_flight: inFlight = 0, pace = 1 } = report; // what has its usual value is left out
  at("title").textContent = report.domain;
  document.title = `${report.domain} · SpiderDuck`;
  at("sentence").textContent = state(report);
  at("resume-part").hidden = !(report.backoff_until && Date.parse(report.backoff_until) > Date.now());
  at("waiting").textContent = count(waiting);
  at("in-flight").textContent = count(inFlight);
  at("in-flight-why").textContent = `requests at this moment; ${count(report.limits.parallel)} at most`;
  at("rate").replaceChildren(count(report.limits.per_second), element("small", { text: " a second" }));
  at("rate-why").textContent = `at most, and ${several(report.limits.burst, "request")} at once after a pause`
    + (report.crawl_delay ? `; its robots.txt asks for ${span(report.crawl_delay)} between two` : "")
    + (report.limits.ceiling ? `; may rise to ${report.limits.ceiling} a second` : "");
  at("pace").textContent = `${Math.round(pace * 100)} %`;
}

/** Into the fields, but not while a person types there. */
function fill(limits) {
  if (at("limit").contains(document.activeElement)) return;
  at("per-second").value = limits.per_second;
  at("burst").value = limits.burst;
  at("parallel").value = limits.parallel;
}

async function load() {
  const report = await read(path);
  shown(report);
  fill(report.limits);
}

async function links() {
  const answer = await read(`/v1/links?domain=${encodeURIComponent(domain)}&most=${MOST}`);
  at("empty").hidden = answer.links.length > 0;
  at("rows").replaceChildren(...answer.links.map(row));
}

async function set(body, said) {
  try {
    const limits = await send("PUT", path, body);
    at("state").textContent = `${said} It may now be asked ${limits.per_second} times a second, ${several(limits.burst, "request")} at once.`;
    document.activeElement?.blur();
    await load();
  } catch (error) {
    at("state").textContent = error.message;
  }
}

/** Domains that had links lately, to choose from. A cluster has no such list, but the domains that trend. */
async function lately() {
  const handled = () => read("/v1/links?most=100").then(({ links: all }) => all.map((one) => hostOf(one.url)));
  const trending = () => read("/v1/trends?by=domains&window=day").then(({ domains: all }) => all.map((one) => one.domain));
  const found = await (isElsewhere("order") ? trending() : handled());
  const hosts = [...new Set(found.filter((one) => one.includes(".")))].slice(0, 12);
  if (hosts.length) at("lately").replaceChildren("Lately: ", ...hosts.flatMap((host) => [element("a", { href: domainPage(host), text: host }), " "]));
}

async function resume() {
  try {
    await read(`${path}/resume`, { method: "POST" });
    await load();
    at("sentence").focus();
  } catch (error) {
    trouble(error);
  }
}

at("domain").value = domain;
at("resume").addEventListener("click", resume);
at("limit").addEventListener("submit", (event) => {
  event.preventDefault();
  const body = { per_second: Number(at("per-second").value), burst: Number(at("burst").value) };
  if (at("parallel").value) body.parallel = Number(at("parallel").value);
  set(body, "The limit is set.");
});
at("reset").addEventListener("click", () => set({}, "The limit is the one of the settings again."));
lately().catch(() => {}); // only a help to choose
if (domain) {
  at("robots").hidden = true;
  Promise.all([load(), links(), whoami().then(() => Promise.all([needs(at("set"), "admin"), needs(at("reset"), "admin"), needs(at("resume"), "admin")]))]).catch(trouble);
  setInterval(() => { if (!document.hidden && !at("found").hidden) load().then(() => trouble(null), trouble); }, EVERY);
}

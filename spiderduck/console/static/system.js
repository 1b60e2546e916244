// All processes, what they stand on, the keys, and the settings in force.

import { at, element, table, tag } from "./element.js";
import { ago, bytes, count, moment, several, span, time } from "./format.js";
import { reached, read, trouble, whoami } from "./key.js";
import { needsOf, needsTable } from "./needs.js";

const EVERY = 10_000;
const STATES = { running: "good", not_ready: "wait", silent: "bad" };
const PARTS = 5;
const HIDDEN = "(hidden)"; // what the server says in the place of a secret
const BUCKETS = 1024; // groups of domains, of which each fetcher holds some
const ENGINES = [
  ["Events and notices", ["broker.url"], "a message broker", "SQLite, in the data folder"],
  ["Records", ["cassandra.hosts"], "Cassandra", "SQLite, in the data folder"],
  ["Archive", ["archive.url"], "an object store or file system", "WARC files, in the data folder"],
  ["Owners of domains", ["zookeeper.hosts"], "ZooKeeper", "this process alone"],
  ["Shared cache of robots.txt", ["memcached.hosts"], "memcached", "none; each process has its own"],
  ["Ids", ["ids.urls", "ids.url"], "id services", "made in this process"],
  ["Pictures", ["images.url"], "image processes", "made in this process"],
];
const OF_FETCHERS = new Set(["zookeeper.hosts", "memcached.hosts"]); // which are told nobody else
let settings = [];

function process(one) {
  const said = one.because ?? Object.entries(one.missing ?? {}).map(([name, why]) => `${name}: ${why}`).join("; ");
  const parts = one.parts ?? [];
  return [
    element("strong", { text: one.name }), parts.length === PARTS ? "all" : parts.join(", "),
    element("span", {}, tag(one.state.replaceAll("_", " "), STATES[one.state]), said ? element("span", { class: "where", text: ` ${said}` }) : ""),
    one.version ?? "", one.uptime_s === undefined ? "" : element("span", { text: span(one.uptime_s), title: `since ${moment(one.started_at)}` }),
    one.load === undefined ? "" : one.load.toFixed(2), one.resident_bytes ? bytes(one.resident_bytes) : "", one.domains_held === undefined ? "" : `${Math.round((100 * one.domains_held) / BUCKETS)} %`,
  ];
}

function summary(told) {
  const silent = told.silent.length;
  const notReady = told.processes.filter((one) => one.state === "not_ready").length;
  const versions = Object.keys(told.versions);
  const parts = [silent || notReady
    ? [silent && `${several(silent, "process is", "processes are")} silent`, notReady && `${several(notReady, "process is", "processes are")} not ready`].filter(Boolean).join(", ")
    : `${several(told.processes.length, "process runs", "processes run")}, and all is well`];
  if (versions.length > 1) parts.push(`They run ${versions.map((one) => `${one} (${told.versions[one]})`).join(" and ")}`);
  else if (versions.length) parts.push(`The version is ${versions[0]}`);
  if (!told.queue) parts.push("The broker does not say what waits");
  at("sentence").className = `sentence ${silent ? "bad" : notReady ? "wait" : "good"}`;
  at("sentence").textContent = `${parts.join(". ")}.`;
  at("incomplete").hidden = !told.incomplete;
  at("incomplete").textContent = told.incomplete ?? "";
}

async function processes() {
  const told = await read("/v1/cluster");
  summary(told);
  if (at("processes").contains(document.activeElement)) return;
  at("processes").replaceChildren(table("The silent ones first", [["Name", "whole"], ["Parts", "whole"], "State", "Version", ["Up for", "whole"], ["Processors", "number"], ["Memory", "number"], ["Domains", "number"]], told.processes.map(process)));
}

async function needs() {
  const answer = await reached("/readyz");
  const told = await answer.json();
  const found = needsOf(told);
  at("needs").replaceChildren(found.length ? needsTable("What this process needs", found) : element("p", { class: "good", text: "Everything that this process needs answers." }));
}

function engines() {
  const given = Object.fromEntries(settings.map((one) => [one.name, [one.value].flat().filter(Boolean)]));
  const where = (values) => (values.includes(HIDDEN) ? element("span", { class: "where", text: "not shown: it may hold a password" }) : element("code", { text: values.join(", ") }));
  at("engines").replaceChildren(table("By the settings", ["For", "In use", "Where"], ENGINES.map(([what, names, outside, inside]) => {
    const values = names.flatMap((name) => given[name] ?? []);
    if (values.length) return [what, outside, where(values)];
    return given["fetchers.addresses"]?.length && OF_FETCHERS.has(names[0]) ? [what, "what the fetchers have", "in their settings"] : [what, inside, ""];
  })));
}

async function keys() {
  const { keys: all, since } = await read("/v1/keys");
  at("keys").replaceChildren(all.length ? table(`Use is noted by this process, since ${moment(since)}`, ["Name", "Begins with", "May", "Used last", "Expires"], all.map((one) => [
    element("strong", { text: one.name }), element("code", { text: `${one.start}…` }), one.scopes.join(", "),
    one.used_at ? time(one.used_at, ago(one.used_at)) : "not since then",
    one.has_expired ? tag("expired", "bad") : one.expires_at ? time(one.expires_at, `${moment(one.expires_at)} (${ago(one.expires_at)})`) : "never",
  ])) : element("p", { class: "empty", text: "No keys are set: everybody who reaches this server may do everything." }));
}

const written = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function listed() {
  const part = at("filter").value.trim().toLowerCase();
  const all = settings.filter((one) => (!at("changed").checked || !one.is_default) && `${one.name} ${written(one.value)}`.toLowerCase().includes(part));
  at("settings").replaceChildren(all.length
    ? table(`${several(all.length, "setting")} of ${count(settings.length)}`, ["Setting", "Value"], all.map((one) => [element("code", { text: one.name }), element("span", { class: one.is_default ? "" : "set" }, written(one.value) === "" ? element("span", { class: "where", text: "(empty)" }) : written(one.value))]))
    : element("p", { class: "empty", text: part ? "No setting fits." : "Everything has its default." }));
}

/** What only an admin may see. */
async function secretive() {
  const { scopes } = await whoami();
  if (!scopes.includes("admin")) {
    for (const name of ["keys", "settings", "engines"]) at(name).replaceChildren(element("p", { class: "hint", text: "Shown to keys with the scope admin." }));
    return;
  }
  ({ settings } = await read("/v1/settings"));
  at("settings-tools").hidden = false;
  engines();
  listed();
  await keys();
}

for (const name of ["filter", "changed"]) at(name).addEventListener("input", listed);
Promise.all([processes(), needs(), secretive()]).then(() => { at("found").hidden = false; }, (error) => { at("found").hidden = false; trouble(error); });
setInterval(() => { if (!document.hidden) Promise.all([processes(), needs()]).then(() => trouble(null), trouble); }, EVERY);

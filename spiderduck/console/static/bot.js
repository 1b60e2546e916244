// The publisher's page. Everything that comes from outside is set as text.

import { reached } from "./key.js";

const by = (id) => document.getElementById(id);

async function report(domain) {
  const query = domain ? `?domain=${encodeURIComponent(domain)}` : "";
  const answer = await reached(`/bot${query}`, { headers: { Accept: "application/json" } });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail);
  return told;
}

function show(told) {
  by("how").textContent = told.how;
  by("found").hidden = false;
  by("agent").textContent = told.user_agent;
  by("block").textContent = told.block;
  by("slow").textContent = told.slow;
  const whose = told.domain ? `To ${told.domain} it` : "By default it";
  by("limit").textContent = `${whose} sends at most ${told.per_second} requests a second, ${told.burst} after a pause. In robots.txt you can ask for fewer:`;
}

function row(request) {
  const made = document.createElement("tr");
  const allowed = request.robots_rule ?? "no rule forbids it";
  for (const text of [new Date(request.at).toLocaleString(), request.path, request.result, allowed]) {
    made.append(Object.assign(document.createElement("td"), { textContent: text }));
  }
  return made;
}

async function ask(domain) {
  const told = await report(domain);
  show(told);
  const requests = told.requests ?? [];
  by("requests").hidden = requests.length === 0;
  by("requests").tBodies[0].replaceChildren(...requests.map(row));
  by("state").textContent = domain && requests.length === 0 ? `Nothing was asked of ${told.domain} lately.` : "";
}

function tell(error) {
  by("found").hidden = false;
  by("state").textContent = error.message;
}

by("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const domain = by("domain").value.trim();
  history.replaceState(null, "", domain ? `?domain=${encodeURIComponent(domain)}` : "?");
  ask(domain).catch(tell);
});

const given = new URLSearchParams(location.search).get("domain") ?? "";
by("domain").value = given;
ask(given).catch(tell);

// What an id says, a new one, and who makes them here.

import { at, facts } from "./element.js";
import { ago, moment, several, time } from "./format.js";
import { read, trouble } from "./key.js";

async function decode(id) {
  try {
    const found = await read(`/v1/ids/${encodeURIComponent(id)}`);
    at("state").textContent = `Made ${ago(found.time)} by worker ${found.worker_id} of data centre ${found.datacenter_id}.`;
    at("decoded").replaceChildren(facts([
      ["Made", time(found.time, `${moment(found.time)}, and ${found.unix_ms % 1000} ms`)],
      ["Number in that millisecond", String(found.sequence)],
      ["Id", found.id_str],
    ]));
  } catch (error) {
    at("decoded").replaceChildren();
    at("state").textContent = error.message;
  }
}

async function worker() {
  const told = await read("/v1/ids/self");
  at("worker").replaceChildren(facts([
    ["Worker", `${told.worker_id} of data centre ${told.datacenter_id}`],
    ["Its clock", moment(new Date(told.now_ms).toISOString())],
    ["Ids made", `${several(told.ids, "id")} in ${several(told.requests, "request")}, since it started`],
    ["Leases", `${several(told.leases, "lease")} of ranges given to clients`],
    ["Worker id", `renewed ${several(told.renewals, "time")}`],
    ["Waits", `${several(told.waits, "time")} for the next millisecond, because one was full`],
    ["Clock set back", `${several(told.clock_refusals, "request")} refused because of it`],
    ["Enough until", `${several(Math.round(told.days_left), "day")} from now the 41 bits of time run out`],
  ]));
}

at("decode").addEventListener("submit", (event) => { event.preventDefault(); decode(at("id").value.trim()); });
at("mint").addEventListener("click", async () => {
  try {
    const { id_str: id } = await read("/v1/ids");
    at("id").value = id;
    await decode(id);
  } catch (error) {
    at("state").textContent = error.message;
  }
});
worker().catch(trouble);

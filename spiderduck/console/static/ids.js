// What an id says, a new one, and who makes them here.

import { at, element, facts, isElsewhere, table, tag } from "./element.js";
import { ago, count, moment, several, time } from "./format.js";
import { read, trouble } from "./key.js";

const BEGINNING = 1_288_834_974_657n; // 4 November 2010, where the milliseconds of ids begin

/** The parts of an id, by arithmetic alone: 41 bits of time, 5 of data centre, 5 of worker, 12 of number. */
function parts(text) {
  const id = BigInt(text);
  const milliseconds = Number((id >> 22n) + BEGINNING);
  return { id_str: text, unix_ms: milliseconds, time: new Date(milliseconds).toISOString(), datacenter_id: Number((id >> 17n) & 31n), worker_id: Number((id >> 12n) & 31n), sequence: Number(id & 4095n) };
}

async function decode(id) {
  try {
    const found = isElsewhere("ids") ? parts(id) : await read(`/v1/ids/${encodeURIComponent(id)}`);
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

/** Where other processes make ids: which do, as they say of themselves. */
async function services() {
  const { processes } = await read("/v1/cluster");
  const makers = processes.filter((one) => one.parts?.includes("ids"));
  at("worker-title").textContent = "Who makes ids here";
  at("worker").replaceChildren(makers.length ? table("Id services give ranges of ids to the other processes", ["Process", "State", ["Worker id", "number"], ["Ids made", "number"], ["Ranges given", "number"]], makers.map((one) => [
    element("strong", { text: one.name }), tag(one.state.replaceAll("_", " "), one.state === "running" ? "good" : "bad"),
    ...["worker_id", "ids_given", "leases_given"].map((name) => (one.figures?.[name] === undefined ? "" : count(one.figures[name]))),
  ])) : element("p", { class: "hint", text: "No id service answers." }));
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
at("mint").hidden = isElsewhere("ids");
(isElsewhere("ids") ? services : worker)().catch(trouble);

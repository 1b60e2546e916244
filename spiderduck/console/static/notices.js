// Who is told: durable queues with their lag, webhooks with their deliveries.

import { at, element, table, tag } from "./element.js";
import { ago, count, moment, several, span, time, took } from "./format.js";
import { needs, read, send, trouble, whoami } from "./key.js";

const EVERY = 5000;
const AT_A_TIME = 25;
const DELIVERED = { delivered: "good", failed: "bad" };

async function queues() {
  const { queues: all } = await read("/v1/queues");
  if (at("queues").contains(document.activeElement)) return;
  at("queues").replaceChildren(all.length ? table("Durable queues by name", ["Name", ["Lag, notices", "number"], "Oldest waits", "Read last", "Expires"], all.map((one) => [
    element("strong", { text: one.name }), count(one.lag), one.age_s === null ? (one.lag ? "the broker does not tell" : "nothing waits") : span(one.age_s),
    element("time", { datetime: one.used_at, title: one.used_at, text: ago(one.used_at) }),
    one.expires_at ? `${moment(one.expires_at)}, unless it is read` : "never",
  ])) : element("p", { class: "empty", text: "No durable queue. A program that must miss nothing makes one and pulls from it." }));
}

async function webhooks() {
  const { scopes } = await whoami();
  if (!scopes.includes("admin")) {
    at("webhooks").replaceChildren(element("p", { class: "hint", text: "Webhooks are shown to keys with the scope admin: their addresses are nobody else's business." }));
    return;
  }
  const { webhooks: all } = await read("/v1/webhooks");
  at("webhooks").replaceChildren(all.length ? table("The oldest first", ["Address", "What it gets", "State", "Deliveries"], all.map((one) => [
    one.url,
    [...(one.types ?? []), ...(one.domains ?? [])].join(", ") || "every notice",
    one.enabled ? tag("on", "good") : element("span", {}, tag("switched off", "bad"), ` ${one.disabled_because ?? ""}`),
    button("Show", `Show the deliveries to ${one.url}`, async () => { await deliveries(one); at("deliveries-title").focus(); }),
  ])) : element("p", { class: "empty", text: "No webhook. An admin makes one with POST /v1/webhooks or spiderduck webhooks." }));
}

const path = (webhook, rest) => `/v1/webhooks/${encodeURIComponent(webhook.id)}/${rest}`;
const button = (text, label, act, kind = "quiet") => element("button", { type: "button", class: kind, text, "aria-label": label, onclick: () => act().catch((error) => say(error.message)) });

function say(text) {
  at("delivered").textContent = text;
}

/** One attempt in words. */
function attempt(one) {
  if (!one) return "not tried yet";
  return one.reason ? `${one.reason}, after ${took(one.took_ms)}` : `answered ${one.status_code} in ${took(one.took_ms)}`;
}

async function replay(webhook, order, what) {
  const { replayed } = await send("POST", path(webhook, "replay"), order);
  await deliveries(webhook);
  say(replayed ? `${several(replayed, "delivery is", "deliveries are")} made once more.` : `There ${what}: nothing was sent again.`);
}

async function test(webhook) {
  say("Sending a test notice …");
  const told = await send("POST", path(webhook, "test"));
  say(told.delivered ? `The receiver took the test notice: it ${attempt(told)}.` : `The receiver did not take the test notice: ${attempt(told)}.`);
}

function delivery(webhook, one) {
  const next = one.next_attempt_at ? element("span", { class: "where", text: ` next try at ${moment(one.next_attempt_at)}` }) : "";
  const [last, ...earlier] = one.attempts.toReversed();
  const before = earlier.length ? element("details", {}, element("summary", { text: several(earlier.length, "earlier attempt") }), element("ul", { class: "others" }, earlier.map((each) => element("li", { text: `${moment(each.at)}: ${attempt(each)}` })))) : "";
  return [time(one.created_at), element("code", { text: one.type.replace("spiderduck.", "") }), element("span", {}, tag(one.status.replaceAll("_", " "), DELIVERED[one.status] ?? "wait"), next),
    element("div", {}, attempt(last), before), button("Again", `Again: deliver ${one.type} of ${moment(one.created_at)}`, () => replay(webhook, { ids: [one.id] }, "is no such delivery any more"))];
}

async function deliveries(webhook, cursor = "") {
  const { deliveries: all, next_cursor: rest } = await read(path(webhook, `deliveries?most=${AT_A_TIME}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`));
  at("deliveries").hidden = false;
  at("deliveries-title").textContent = `Deliveries to ${webhook.url}`;
  say(webhook.enabled ? "" : `It is switched off: ${webhook.disabled_because}. Its notices wait until it is switched on again.`);
  at("deliveries-acts").replaceChildren(
    button("Send a test notice", `Send a test notice to ${webhook.url}`, () => test(webhook)),
    button("Deliver again what was given up", `Deliver again what was given up for ${webhook.url}`, () => replay(webhook, {}, "is nothing that was given up")),
    button("Deliver again the last hour", `Deliver again the last hour to ${webhook.url}`, () => replay(webhook, { since: new Date(Date.now() - 3_600_000).toISOString() }, "was nothing in the last hour")),
    button("Show the newest", `Show the newest deliveries to ${webhook.url}`, () => deliveries(webhook)),
  );
  at("deliveries-shown").replaceChildren(all.length
    ? table("The newest first", ["Made", "Notice", "State", "Latest attempt", "Act"], all.map((one) => delivery(webhook, one)))
    : element("p", { class: "empty", text: "Nothing was delivered yet." }),
  rest ? element("div", { class: "acts" }, button("Show older ones", `Show older deliveries to ${webhook.url}`, () => deliveries(webhook, rest))) : "");
}

at("make").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = at("name").value;
  try {
    await read(`/v1/queues/${encodeURIComponent(name)}`, { method: "PUT" });
    at("state").textContent = `The queue ${name} collects from now on. GET /v1/queues/${name} reads it.`;
    at("name").value = "";
    await queues();
  } catch (error) {
    at("state").textContent = error.message;
  }
});
Promise.all([queues(), webhooks(), needs(at("make-button"), "write")]).catch(trouble);
setInterval(() => { if (!document.hidden) queues().then(() => trouble(null), trouble); }, EVERY);

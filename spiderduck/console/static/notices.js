// Who is told: durable queues with their lag, webhooks with their deliveries.

import { at, element, table, tag } from "./element.js";
import { ago, count, moment, span, time, took } from "./format.js";
import { needs, read, trouble, whoami } from "./key.js";

const EVERY = 5000;
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
  at("webhooks").replaceChildren(all.length ? table("Webhooks", ["Address", "What it gets", "State", "Deliveries"], all.map((one) => [
    one.url,
    [...(one.types ?? []), ...(one.domains ?? [])].join(", ") || "every notice",
    one.enabled ? tag("on", "good") : element("span", {}, tag("switched off", "bad"), ` ${one.disabled_because ?? ""}`),
    element("button", { type: "button", class: "quiet", text: "Show", "aria-label": `Deliveries to ${one.url}`, onclick: () => deliveries(one).catch(trouble) }),
  ])) : element("p", { class: "empty", text: "No webhook. An admin makes one with POST /v1/webhooks or spiderduck webhooks." }));
}

async function deliveries(webhook) {
  const { deliveries: all } = await read(`/v1/webhooks/${encodeURIComponent(webhook.id)}/deliveries?most=50`);
  at("deliveries").replaceChildren(element("h2", { text: `Deliveries to ${webhook.url}` }), all.length
    ? table("The newest first", ["Made", "Notice", "State", "Attempts", "Latest attempt"], all.map((one) => {
      const last = one.attempts.at(-1);
      const said = last && [last.status_code ? `answered ${last.status_code}` : "no answer", `in ${took(last.took_ms)}`, last.reason].filter(Boolean).join(", ");
      const next = one.next_attempt_at ? `; next try at ${moment(one.next_attempt_at)}` : "";
      return [time(one.created_at), element("code", { text: one.type }), tag(one.status.replaceAll("_", " "), DELIVERED[one.status] ?? "wait"), count(one.attempts.length), `${said ?? "not tried yet"}${next}`];
    }))
    : element("p", { class: "hint", text: "Nothing was delivered yet." }));
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

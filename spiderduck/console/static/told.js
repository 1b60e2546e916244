// Who was told of a link: durable queues by what was acknowledged, webhooks by what became of their deliveries.

import { at, element, tag } from "./element.js";
import { ago, moment, several } from "./format.js";
import { read } from "./key.js";

const QUEUES = {
  read: ["read", "good", "its reader acknowledged what was said of the link last"],
  waiting: ["waits", "wait", "its reader has yet to acknowledge it"],
  not_collected: ["not told", "", "the queue is younger than the news"],
  not_known: ["not known", "", "the broker does not tell what was read"],
};
const DELIVERIES = { delivered: "good", failed: "bad", pending: "wait" };

function queue(one) {
  const [word, kind, why] = QUEUES[one.state];
  return element("li", {}, element("p", {}, tag(word, kind), " ", element("strong", { text: one.name })), element("p", { class: "where", text: `Durable queue; ${why}. Read last ${ago(one.used_at)}.` }));
}

function delivery(one) {
  const next = one.next_attempt_at ? `; next try at ${moment(one.next_attempt_at)}` : "";
  const why = one.reason ? `: ${one.reason}` : "";
  return element("p", { class: "where", text: `${one.type.replace("spiderduck.", "")}, made at ${moment(one.created_at)}: ${one.status} after ${several(one.attempts, "attempt")}${why}${next}.` });
}

function webhook(one) {
  const [latest] = one.deliveries;
  return element("li", {}, element("p", {}, tag(latest.status, DELIVERIES[latest.status]), " ", element("strong", { class: "wrap", text: one.url })), one.deliveries.map(delivery));
}

/** Reads and shows it; what fails is said in its own place, so that the rest of the page stays. */
export async function showTold(url) {
  try {
    const told = await read(`/v1/told?url=${encodeURIComponent(url)}`);
    const all = [...told.queues.map(queue), ...(told.webhooks ?? []).map(webhook)];
    at("told").replaceChildren(
      told.told_at === null ? element("p", { class: "hint", text: "Nothing was found out yet, so there is nothing to tell." })
        : all.length ? element("ul", { class: "told" }, all) : element("p", { class: "hint", text: "No durable queue and no webhook was there to be told." }),
      element("p", { class: "hint", text: `${told.webhooks === null ? "Webhooks are shown to keys with the scope admin. " : ""}Who follows the stream is told too, and leaves no trace.` }),
    );
  } catch (error) {
    at("told").replaceChildren(element("p", { class: "hint", text: error.message }));
  }
}

// What was given up, why, and trying it again.

import { at, element, linkPage } from "./element.js";
import { moment, several } from "./format.js";
import { read, send, trouble, whoami } from "./key.js";
import { stop } from "./links-shown.js";

const KINDS = { event: "an event", picture: "a picture to measure", further: "a further picture" };
let cursor = null;
let may = false;

function letter(one) {
  return element("li", { class: "panel" },
    element("h2", { class: "wrap", text: one.url ?? `Event ${one.event_id}` }),
    element("p", { class: "sentence", text: `Given up at ${moment(one.at)}: ${stop(one.reason)}` }),
    element("p", { class: "where", text: `Event ${one.event_id}; the message is ${KINDS[one.kind] ?? `of the kind ${one.kind}`}.` }),
    element("details", {}, element("summary", { text: "The message" }), element("pre", { tabIndex: 0, text: one.body })),
    element("div", { class: "acts" },
      element("button", { type: "button", class: "quiet", text: "Try again", disabled: !may, title: may ? "" : "Your key lacks the scope admin.", "aria-label": `Try again: ${one.url ?? one.event_id}`, onclick: () => replay([one.id]) }),
      one.url && element("a", { href: linkPage(one.url), text: "What is known of the link" })),
  );
}

async function load(older = false) {
  const query = older && cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
  const { letters, next_cursor: next } = await read(`/v1/dead?most=50${query}`);
  cursor = next;
  if (!older) at("letters").replaceChildren();
  at("letters").append(...letters.map(letter));
  at("letters").setAttribute("aria-busy", "false");
  at("more").hidden = !next;
  at("empty").hidden = at("letters").children.length > 0;
  at("all").disabled = !may || !at("letters").children.length;
  at("all").title = may ? "" : "Your key lacks the scope admin.";
}

async function replay(ids) {
  try {
    const { replayed } = await send("POST", "/v1/dead/replay", ids ? { ids } : {});
    at("state").textContent = `${several(replayed, "message is", "messages are")} back in the queue.`;
    await load();
  } catch (error) {
    at("state").textContent = error.message;
  }
}

at("all").addEventListener("click", () => replay(null));
at("more").addEventListener("click", () => load(true).catch(trouble));
whoami().then((key) => { may = key.scopes.includes("admin"); return load(); }).catch(trouble);

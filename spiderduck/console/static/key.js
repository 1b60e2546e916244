// Calls to the server, with the key that a person typed where the server asks for one. The key is kept for this tab
// only, and sent by these scripts only: unlike a password that the browser keeps, no other site can make it be sent.

import { at, element } from "./element.js";

const KEPT = "spiderduck.key";
const BACK_EVERY = 5000;
const dialog = at("key-dialog");
const why = at("key-why");
const field = at("key");
let waiting = null;
let looking = null;

/** `fetch` with the key. Where the server wants one, or does not know this one, the person is asked, and it is sent again.
 * Throws an error with a sentence where no answer comes. */
export async function call(path, options = {}) {
  for (;;) {
    const key = sessionStorage.getItem(KEPT);
    const headers = { ...options.headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) };
    const answer = await reached(path, { ...options, headers });
    if (answer.status !== 401) return answer;
    await asked(key ? await reason(answer) : "");
  }
}

/** `fetch` without a key, past the browser's cache. */
export async function reached(path, options = {}) {
  try {
    return await fetch(path, { ...options, cache: "no-store" });
  } catch (error) {
    throw new Error("The server cannot be reached. Is it running?", { cause: error });
  }
}

/** The answer's JSON. Throws an error with a sentence that a person can act on. */
export async function read(path, options = {}) {
  const answer = await call(path, options);
  if (!answer.ok) {
    const problem = await answer.clone().json().catch(() => ({}));
    throw Object.assign(new Error(await reason(answer)), { code: problem.code });
  }
  return answer.status === 204 || answer.headers.get("content-length") === "0" ? null : answer.json();
}

export const send = (method, path, body) => read(path, { method, headers: { "Content-Type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body) });

/** What the server says of an answer that is none: a sentence, and what would help. */
export async function reason(answer) {
  const problem = await answer.json().catch(() => ({ detail: `the server answered ${answer.status}` }));
  const lacking = /scope="?(\w+)/.exec(answer.headers.get("www-authenticate") ?? "");
  const help = answer.status === 403 && lacking ? ` ${GIVES[lacking[1]] ?? ""} Use another key with the button at the top right.` : "";
  return `${problem.detail[0].toUpperCase()}${problem.detail.slice(1)}.${help}`;
}

const GIVES = {
  read: "The scope read shows links, domains and notices.",
  write: "The scope write shares links and makes queues.",
  fetch: "The scope fetch has links fetched.",
  admin: "The scope admin changes limits, replays dead letters and takes links down.",
};

/** Which key this tab uses and what it may do. One question per page. */
let own = null;
export function whoami() {
  own ??= read("/v1/key").then((key) => { shown(key); return key; });
  return own;
}

/** Whether the key has a scope; where it does not, the button says what is missing. */
export async function needs(button, scope) {
  const key = await whoami();
  if (key.scopes.includes(scope)) return true;
  button.disabled = true;
  button.title = `Your key lacks the scope ${scope}.`;
  return false;
}

/** Shows an error at the top of the page; nothing hides it. Where the server is away, it says when it is back. */
export function trouble(error) {
  const place = at("trouble");
  place.textContent = error ? error.message : "";
  place.hidden = !error;
  const away = error?.cause instanceof TypeError; // what `fetch` throws
  if (away) looking ??= setInterval(isBack, BACK_EVERY);
  else { clearInterval(looking); looking = null; }
}

async function isBack() {
  const answer = await fetch("/healthz", { cache: "no-store" }).catch(() => null);
  if (!answer?.ok || looking === null) return;
  trouble(null);
  at("trouble").hidden = false;
  at("trouble").replaceChildren("The server is back. ", element("button", { type: "button", class: "quiet", text: "Load this page again", onclick: () => location.reload() }));
}

function shown(key) {
  at("key-button").textContent = key.name ? "Key" : "No key";
  at("key-held").textContent = key.name
    ? `This tab uses the key ${key.name}, which may: ${key.scopes.join(", ")}.`
    : "No keys are set on this server: everybody who reaches it may do everything.";
  at("forget").hidden = !sessionStorage.getItem(KEPT);
}

/** Resolves when a key was typed. Several calls wait for one. */
function asked(because) {
  sessionStorage.removeItem(KEPT);
  at("forget").hidden = true;
  why.textContent = because;
  if (!because) at("key-held").textContent = "This server asks for a key.";
  if (!waiting) {
    waiting = {};
    waiting.typed = new Promise((resolve) => { waiting.resolve = resolve; });
  }
  open();
  return waiting.typed;
}

function open() {
  if (!dialog.open) dialog.showModal();
  field.focus();
}

at("key-form").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  const key = field.value.trim();
  field.value = "";
  if (!/^[\x21-\x7e]+$/.test(key)) { why.textContent = "A key consists of ASCII letters, digits and signs."; return; }
  sessionStorage.setItem(KEPT, key);
  dialog.close();
  if (!waiting) { location.reload(); return; }
  waiting.resolve();
  waiting = null;
});
at("forget").addEventListener("click", () => { sessionStorage.removeItem(KEPT); location.reload(); });
at("key-close").addEventListener("click", () => dialog.close());
at("key-button").addEventListener("click", open);
const here = document.querySelector(".side [aria-current]");
const nav = document.querySelector(".side");
if (here && nav.scrollWidth > nav.clientWidth) nav.scrollLeft = here.offsetLeft - 16;

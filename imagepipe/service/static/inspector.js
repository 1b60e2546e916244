"use strict";
// Fetches the inspector's tables, with the key that a person typed where one is asked for. The key is kept for this tab
// only, and sent by this script only: unlike a password that the browser keeps, no other site can make it be sent.
// The tables are HTML of our own in which strangers' text is escaped; the page's policy lets no script inside them run.

const KEPT = "imagepipe.key";
const at = (id) => document.getElementById(id);

async function look() {
  const key = sessionStorage.getItem(KEPT);
  at("state").textContent = "Looking …";
  try {
    const answer = await fetch("tables", { cache: "no-store", headers: key ? { Authorization: `Bearer ${key}` } : {} });
    if (answer.ok) show(await answer.text(), key);
    else if (answer.status === 401 || answer.status === 403) ask(key ? (await answer.json()).detail : "");
    else at("state").textContent = `The server answered ${answer.status}.`;
  } catch (error) {
    at("state").textContent = `The server cannot be reached: ${error.message}`;
  }
}

function show(tables, key) {
  at("found").innerHTML = tables;
  at("state").textContent = "";
  at("ask").hidden = true;
  at("tools").hidden = false;
  at("json").hidden = Boolean(key); // a link cannot send one
  at("forget").hidden = !key;
}

function ask(why) {
  sessionStorage.removeItem(KEPT);
  at("found").replaceChildren();
  at("state").textContent = why;
  at("tools").hidden = true;
  at("ask").hidden = false;
  at("key").focus();
}

at("ask").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  const key = at("key").value.trim();
  at("key").value = "";
  if (!/^[\x21-\x7e]+$/.test(key)) return ask("A key consists of ASCII letters, digits and signs.");
  sessionStorage.setItem(KEPT, key);
  look();
});
at("again").addEventListener("click", look);
at("forget").addEventListener("click", () => ask(""));
look();

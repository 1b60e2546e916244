// The key that a person typed, where the server asks for one. It is kept for this tab only, and sent by these scripts
// only: unlike a password that the browser keeps, no other site can make it be sent.

const KEPT = "spiderduck.key";
const form = document.getElementById("key-form");
const field = document.getElementById("key");
const why = document.getElementById("key-why");
const forget = document.getElementById("forget");
let waiting = null;

/** `fetch` with the key. Where the server wants one, or does not know this one, the person is asked, and it is sent again. */
export async function call(path, options = {}) {
  for (;;) {
    const key = sessionStorage.getItem(KEPT);
    const headers = { ...options.headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) };
    const answer = await fetch(path, { ...options, headers, cache: "no-store" });
    if (answer.status !== 401) {
      forget.hidden = !key;
      return answer;
    }
    await asked(key ? await reason(answer) : "");
  }
}

/** What the server says of an answer that is none: a sentence. */
export async function reason(answer) {
  const problem = await answer.json();
  return `${problem.detail[0].toUpperCase()}${problem.detail.slice(1)}.`;
}

/** Resolves when a key was typed. Several calls wait for one. */
function asked(because) {
  sessionStorage.removeItem(KEPT);
  forget.hidden = true;
  why.textContent = because;
  form.hidden = false;
  if (!waiting) {
    waiting = {};
    waiting.typed = new Promise((resolve) => { waiting.resolve = resolve; });
    field.focus();
  }
  return waiting.typed;
}

form.addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  const key = field.value.trim();
  field.value = "";
  if (!/^[\x21-\x7e]+$/.test(key)) { why.textContent = "A key consists of ASCII letters, digits and signs."; return; }
  sessionStorage.setItem(KEPT, key);
  form.hidden = true;
  waiting?.resolve();
  waiting = null;
});

forget.addEventListener("click", () => {
  sessionStorage.removeItem(KEPT);
  location.reload();
});

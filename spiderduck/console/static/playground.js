// Variants of one picture side by side: what each weighs, how long it took, and through which caches it came.

import { at, element } from "./element.js";
import { bytes, several } from "./format.js";
import { call, reason } from "./key.js";
import { asData } from "./reading.js";

const AS_BROWSERS = "image/avif,image/webp,image/apng,image/*;q=0.8"; // what a browser sends for an img
const STEPS = { hit: "was here", miss: "was not here", stale: "was here, but old" };

/** The text of X-Pipeline-Trace in words: `rendered:miss > encoded > render`. */
function way(trace) {
  return trace.split(" > ").map((step) => { const [name, state] = step.split(":"); return state ? `${name}: ${STEPS[state] ?? state}` : name; }).join(" → ");
}

/** Milliseconds of all steps together, as Server-Timing has them. */
function spent(header) {
  return [...header.matchAll(/dur=([\d.]+)/g)].reduce((sum, [, one]) => sum + Number(one), 0);
}

async function variant(place, path, format) {
  const began = performance.now();
  const answer = await call(path, { headers: { Accept: AS_BROWSERS } });
  if (!answer.ok) { place.replaceChildren(element("p", { class: "name", text: format }), element("p", { class: "bad", text: await reason(answer) })); return; }
  const blob = await answer.blob();
  const ms = performance.now() - began;
  const picture = element("img", { alt: `The picture as ${format}` });
  picture.src = await asData(blob);
  await picture.decode().catch(() => {}); // shown as broken, with its facts all the same
  const trace = answer.headers.get("x-pipeline-trace") ?? "";
  const facts = [
    `${blob.type.replace("image/", "")}, ${picture.naturalWidth} × ${picture.naturalHeight} pixels`,
    bytes(blob.size),
    `${spent(answer.headers.get("server-timing") ?? "").toFixed(1)} ms in the server, ${Math.round(ms)} ms until it was here`,
  ];
  const problem = answer.headers.get("x-pipeline-problem");
  place.replaceChildren(picture, element("p", { class: "name", text: format }), ...facts.map((text) => element("p", { class: "where", text })),
    element("p", { class: "where", text: way(trace), title: trace }), problem ? element("p", { class: "bad", text: problem.replaceAll("_", " ") }) : "",
    element("p", {}, element("code", { class: "wrap", text: path })));
}

async function play(event) {
  event.preventDefault();
  const formats = [...at("playground").querySelectorAll("[name=format]:checked")].map((one) => one.value);
  const query = new URLSearchParams({ src: at("play-src").value.trim(), fit: at("play-fit").value });
  for (const name of ["w", "h", "q"]) if (at(`play-${name}`).value) query.set(name, at(`play-${name}`).value);
  const places = formats.map((format) => element("li", { "aria-busy": "true" }, element("p", { class: "name", text: format }), element("p", { class: "where", text: "…" })));
  at("variants").replaceChildren(...places);
  at("played").textContent = "Making …";
  for (const [index, format] of formats.entries()) { // one after another: the time of each is its own
    const asked = new URLSearchParams(query);
    asked.set("format", format);
    await variant(places[index], `/images/${encodeURIComponent(at("pipeline").value)}?${asked}`, format).catch((error) => places[index].append(error.message));
    places[index].removeAttribute("aria-busy");
  }
  at("played").textContent = `${several(formats.length, "variant")}. Once more, and they come from the caches.`;
}

/** Addresses to choose from: what is cached. */
export function offer(addresses) {
  if (at("play-known").childElementCount === addresses.length) return;
  at("play-known").replaceChildren(...addresses.map((one) => element("option", { value: one })));
  at("play-src").value ||= addresses[0] ?? "";
}

at("playground").addEventListener("submit", play);

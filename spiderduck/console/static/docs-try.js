// A form that sends a call to the reader's own server, with the key of this tab, and shows what came.

import { element } from "./element.js";
import { bytes, took } from "./format.js";
import { call as send } from "./key.js";
import { asData } from "./reading.js";
import { resolve, typeOf } from "./docs-call.js";

const MOST_SHOWN = 64 * 1024;
const DEEPEST = 3;
const SHOWN_HEADERS = ["content-type", "etag", "retry-after", "ratelimit", "x-request-id", "x-pipeline-trace", "server-timing"];

/** A body to begin with: the required fields, and of an order without any, all. */
function skeleton(schema, all, depth = 0) {
  const found = resolve(schema, all) ?? {};
  const either = found.anyOf ?? found.oneOf;
  if (either) return skeleton(either.find((one) => one.type !== "null") ?? either[0], all, depth);
  if (found.enum) return found.enum[0];
  if (found.default !== undefined && found.default !== null) return found.default;
  const type = [found.type].flat()[0];
  if (type === "array") return depth < DEEPEST ? [skeleton(found.items, all, depth + 1)] : [];
  if (type === "object" || found.properties) {
    const names = found.required?.length ? found.required : Object.keys(found.properties ?? {});
    return Object.fromEntries(names.map((name) => [name, depth < DEEPEST ? skeleton(found.properties?.[name], all, depth + 1) : null]));
  }
  if (type === "string") return found.format === "date-time" ? new Date().toISOString() : "";
  return type === "integer" || type === "number" ? found.minimum ?? 1 : type === "boolean" ? false : null;
}

function field(parameter) {
  const name = `${parameter.in}:${parameter.name}`;
  const label = element("span", { class: "name", text: parameter.required ? `${parameter.name} (required)` : parameter.name });
  const values = parameter.schema?.enum ?? (parameter.schema?.type === "boolean" ? [true, false] : null);
  const input = values
    ? element("select", { name }, element("option", { value: "", text: "" }), values.map((one) => element("option", { text: String(one) })))
    : element("input", { name, required: Boolean(parameter.required), autocomplete: "off", spellcheck: false, placeholder: parameter.schema?.default === undefined || parameter.schema.default === null ? typeOf(parameter.schema) : `${parameter.schema.default}` });
  return element("label", {}, label, input);
}

/** Method, path and body as the fields have them. */
function request(call, form, kind) {
  const query = new URLSearchParams();
  const headers = {};
  let path = call.path;
  for (const [name, value] of new FormData(form)) {
    const [place, ...rest] = name.split(":");
    const key = rest.join(":");
    if (place === "path") path = path.replace(`{${key}}`, encodeURIComponent(value));
    else if (value === "") continue;
    else if (place === "query") query.append(key, value);
    else if (place === "header") headers[key] = value;
  }
  const text = form.elements.body?.value.trim();
  if (text) headers["Content-Type"] = kind;
  return { path: query.size ? `${path}?${query}` : path, options: { method: call.method.toUpperCase(), headers, ...(text ? { body: text } : {}) } };
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function asCommand({ path, options }) {
  const parts = ["curl"];
  if (options.method !== "GET") parts.push("-X", options.method);
  if (sessionStorage.getItem("spiderduck.key")) parts.push("-H", '"Authorization: Bearer $KEY"');
  for (const [name, value] of Object.entries(options.headers)) parts.push("-H", quoted(`${name}: ${value}`));
  if (options.body) parts.push("-d", quoted(options.body));
  return [...parts, quoted(location.origin + path)].join(" ");
}

/** What came, as it comes: a stream is shown until it is stopped. */
async function shown(answer, place) {
  const kind = answer.headers.get("content-type") ?? "";
  if (kind.startsWith("image/")) {
    const blob = await answer.blob();
    place.replaceChildren(element("img", { alt: "The picture that came", src: await asData(blob) }));
    return `${bytes(blob.size)}, ${kind}`;
  }
  const pre = element("pre", { tabIndex: 0, "aria-label": "The answer" });
  place.replaceChildren(pre);
  let text = "";
  for (const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader(); reader;) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
    pre.textContent = text.slice(0, MOST_SHOWN);
    if (text.length > MOST_SHOWN) { await reader.cancel(); return "the beginning of it"; }
  }
  if (kind.includes("json")) pre.textContent = pretty(text);
  if (!text) pre.textContent = "(no body)";
  return `${bytes(new Blob([text]).size)}${kind ? `, ${kind}` : ""}`;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text; // not one JSON value, such as lines of them
  }
}

export function trying(call, all, body) {
  const kind = body?.[0] ?? "application/json";
  const say = element("p", { class: "state", role: "status" });
  const [told, command, place] = [element("div"), element("pre", { tabIndex: 0, hidden: true, "aria-label": "The same with curl" }), element("div")];
  const stop = element("button", { type: "button", class: "quiet", text: "Stop", hidden: true });
  const button = element("button", { text: `Send ${call.method.toUpperCase()}`, class: call.method === "delete" ? "danger" : "" });
  const write = body && element("label", { class: "whole" }, element("span", { class: "name", text: `Body, ${kind}` }), element("textarea", { name: "body", rows: 6, spellcheck: false, value: kind.includes("json") ? JSON.stringify(skeleton(body[1].schema, all), null, 2) : "" }));
  const form = element("form", { class: "try", "aria-label": `Try ${call.method.toUpperCase()} ${call.path}` }, element("h4", { text: "Try it on this server" }),
    element("div", { class: "fields" }, (call.spec.parameters ?? []).map(field), write), element("div", { class: "acts" }, button, stop), say, command, told, place);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const made = request(call, form, kind);
    const control = new AbortController();
    stop.onclick = () => control.abort();
    [button.disabled, stop.hidden, command.hidden] = [true, false, false];
    command.textContent = asCommand(made);
    say.textContent = "Waiting for the answer …";
    told.replaceChildren();
    place.replaceChildren();
    const began = performance.now();
    try {
      const answer = await send(made.path, { ...made.options, signal: control.signal });
      const head = `${answer.status} ${answer.statusText} after ${took(Math.round(performance.now() - began))}`;
      say.className = `state ${answer.ok ? "good" : "bad"}`;
      say.textContent = `${head} …`;
      told.replaceChildren(element("p", { class: "where", text: SHOWN_HEADERS.filter((name) => answer.headers.has(name)).map((name) => `${name}: ${answer.headers.get(name)}`).join(" · ") }));
      say.textContent = `${head}; ${await shown(answer, place)}`;
    } catch (error) {
      say.textContent = control.signal.aborted ? `${say.textContent} Stopped.` : `Nothing came: ${error.message}.`;
    }
    [button.disabled, stop.hidden] = [false, true];
  });
  return form;
}

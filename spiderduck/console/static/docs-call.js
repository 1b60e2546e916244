// What one call takes and gives: parameters, body, answers, and a form to try it.

import { element } from "./element.js";
import { trying } from "./docs-try.js";

const PROBLEM = "application/problem+json";
const DEEPEST = 4;

/** A paragraph in which what stands between backticks is code. */
export function paragraph(text, properties = {}) {
  return element("p", properties, text.split("`").map((part, index) => (index % 2 ? element("code", { text: part }) : part)));
}

export const resolve = (schema, all) => (schema?.$ref ? all[schema.$ref.split("/").pop()] : schema);

export function typeOf(schema) {
  if (!schema) return "anything";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.oneOf || schema.anyOf) return (schema.oneOf ?? schema.anyOf).map(typeOf).join(" or ");
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(", ");
  if (schema.type === "array") return `list of ${typeOf(schema.items)}`;
  return [schema.type].flat().join(" or ") || "anything";
}

function rows(entries) {
  return element("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": "Fields" }, element("table", {}, element("tbody", {}, entries.map(([name, required, type, text]) =>
    element("tr", {}, element("th", { scope: "row" }, element("code", { text: name }), required ? element("span", { class: "where", text: " required" }) : ""), element("td", { text: type }), element("td", {}, text ? paragraph(text, { class: "plain" }) : ""))))));
}

/** A shape's fields; those of shapes in it are folded below them. */
function shape(title, schema, all, depth = 0) {
  const found = resolve(schema, all);
  if (!found) return [];
  const inner = found.type === "array" ? resolve(found.items, all) : found;
  const required = new Set(inner?.required ?? []);
  const fields = Object.entries(inner?.properties ?? {});
  const made = [element("h4", { text: `${title}: ${typeOf(schema)}` })];
  if (found.description) made.push(paragraph(found.description));
  if (fields.length) made.push(rows(fields.map(([name, one]) => [name, required.has(name), typeOf(one), one.description])));
  const nested = depth < DEEPEST ? [...new Map(fields.flatMap(([, one]) => references(one)).map((name) => [name, all[name]])).entries()] : [];
  for (const [name, one] of nested.filter(([, one]) => one?.properties)) {
    const details = element("details", {}, element("summary", { text: name }));
    details.addEventListener("toggle", () => { if (details.open && details.childElementCount === 1) details.append(...shape("Shape", { $ref: `#/${name}` }, all, depth + 1)); });
    made.push(details);
  }
  return made;
}

function references(schema) {
  if (schema.$ref) return [schema.$ref.split("/").pop()];
  return [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.items ? [schema.items] : [])].flatMap(references);
}

function answers(call, all) {
  const made = [];
  for (const [status, answer] of Object.entries(call.spec.responses)) {
    const [kind, content] = Object.entries(answer.content ?? {})[0] ?? [];
    if (status === "default" || kind === PROBLEM) continue;
    if (kind?.includes("json")) made.push(...shape(`Answer ${status}`, content.schema, all));
    else made.push(element("h4", { text: `Answer ${status}${kind ? `: ${kind}` : ""}` }), ...(answer.description ? [paragraph(answer.description)] : []));
  }
  const problems = Object.entries(call.spec.responses).filter(([, answer]) => answer.content?.[PROBLEM]);
  if (problems.length) {
    made.push(element("h4", { text: "Errors, each a problem with a code" }), element("ul", {}, problems.map(([status, answer]) => element("li", {}, ...paragraph(`${status === "default" ? "any other" : status}: ${answer.description ?? ""}`).childNodes))),
      element("p", {}, element("a", { href: "/problems", text: "All codes, and what to do" })));
  }
  return made;
}

/** The inside of a call, made when it is opened. */
export function inside(call, api) {
  const all = api.components?.schemas ?? {};
  const parameters = call.spec.parameters ?? [];
  const body = Object.entries(call.spec.requestBody?.content ?? {})[0];
  return element("div", { class: "inside" },
    call.spec.description ? paragraph(call.spec.description) : "",
    element("p", {}, element("a", { class: "anchor", href: `#${call.id}`, text: "# link to this call" })),
    parameters.length ? [element("h4", { text: "Parameters" }), rows(parameters.map((one) => [one.name, one.required, `${typeOf(one.schema)}, in the ${one.in}`, one.description]))] : "",
    body ? shape("Body", body[1].schema, all) : "",
    answers(call, all),
    trying(call, all, body),
  );
}

// Readable pages from /openapi.json: every call, its parameters, and the shape of what goes in and comes out.

import "./key.js";

const PROBLEM = "application/problem+json";

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** A paragraph in which what stands between backticks is code. */
function paragraph(className, text) {
  const made = element("p", className);
  text.split("`").forEach((part, index) => made.append(index % 2 ? element("code", "", part) : part));
  return made;
}

function resolve(schema, all) {
  return schema?.$ref ? all[schema.$ref.split("/").pop()] : schema;
}

function typeOf(schema) {
  if (!schema) return "anything";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.oneOf || schema.anyOf) return (schema.oneOf || schema.anyOf).map(typeOf).join(" | ");
  if (schema.type === "array") return `[${typeOf(schema.items)}]`;
  return Array.isArray(schema.type) ? schema.type.join(" | ") : schema.type || "anything";
}

function rows(entries) {
  const table = element("table");
  for (const [name, type, text] of entries) {
    const row = element("tr");
    const head = element("th");
    head.append(element("code", "", name));
    row.append(head, element("td", "", type), element("td", "", text || ""));
    table.append(row);
  }
  return table;
}

function shape(title, content, all) {
  const schema = Object.values(content || {})[0]?.schema;
  const found = resolve(schema, all);
  if (!found) return [];
  const made = [paragraph("where", `${title}: ${typeOf(schema)}${found.description ? " — " + found.description : ""}`)];
  const required = new Set(found.required || []);
  const fields = Object.entries(found.properties || {});
  if (fields.length) made.push(rows(fields.map(([name, one]) => [name + (required.has(name) ? " *" : ""), typeOf(one), one.description])));
  return made;
}

function call(path, method, spec, all) {
  const made = element("article", "call");
  const title = element("h3");
  title.append(element("code", "", `${method.toUpperCase()} ${path}`), ` ${spec.summary || ""}`);
  made.append(title);
  if (spec.description) made.append(paragraph("", spec.description));
  const scope = spec.security?.[0]?.key?.[0];
  if (scope) made.append(element("p", "where", `Where keys are set: one with the scope ${scope}, as Authorization: Bearer KEY`));
  const parameters = spec.parameters || [];
  if (parameters.length) made.append(rows(parameters.map((one) => [one.name + (one.required ? " *" : ""), `${one.in}, ${typeOf(one.schema)}`, one.description])));
  made.append(...shape("Body", spec.requestBody?.content, all));
  for (const [status, answer] of Object.entries(spec.responses || {})) {
    if (!answer.content?.[PROBLEM]) made.append(...shape(`Answer ${status}`, answer.content, all));
    else if (status !== "default") made.append(paragraph("where", `Answer ${status}: a problem. ${answer.description}`));
  }
  return made;
}

/** What every call answers where something goes wrong. */
function problems(all) {
  const made = element("article", "call");
  made.append(...shape("Every error, as application/problem+json", { [PROBLEM]: { schema: { $ref: "#/components/schemas/Problem" } } }, all));
  return made;
}

fetch("/openapi.json").then((answer) => answer.json()).then((api) => {
  const main = document.getElementById("calls");
  main.replaceChildren();
  main.setAttribute("aria-busy", "false");
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, spec] of Object.entries(methods)) {
      if (!spec.responses) continue;
      const tag = spec.tags?.[0] || "more";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(call(path, method, spec, api.components?.schemas || {}));
    }
  }
  for (const [tag, calls] of groups) main.append(element("h2", "", tag), ...calls);
  main.append(element("h2", "", "errors"), problems(api.components?.schemas || {}));
});

// What a process needs, as it says of itself.

import { element, table, tag } from "./element.js";
import { moment } from "./format.js";

const KINDS = { ok: "good", warning: "wait", missing: "bad" };
const WORDS = { ok: "there", warning: "works all the same", missing: "missing" };

/** `told`: a body of /readyz, or a process of /v1/cluster. */
export function needsOf(told) {
  if (told.dependencies?.length) return told.dependencies;
  return Object.entries(told.missing ?? {}).map(([name, says]) => ({ name, state: "missing", says }));
}

/** One sentence for all of them. */
export function healthOf(told) {
  const needs = needsOf(told);
  const said = (state) => needs.filter((one) => one.state === state).map((one) => `${one.name}: ${one.says}`).join("; ");
  if (!told.ready) return ["bad", `It cannot work now. ${said("missing")}.`];
  if (said("warning")) return ["wait", `It works, with a warning. ${said("warning")}.`];
  return ["good", "All is well: this process takes links, and everything that it needs answers."];
}

/** Nothing where nothing is known of them. */
export function needsTable(caption, needs) {
  if (!needs.length) return "";
  return table(caption, [["What", "whole"], "State", ["Since", "whole"], "What it says, and what helps"], needs.map((one) => [
    one.name, tag(WORDS[one.state] ?? one.state, KINDS[one.state] ?? ""), one.since ? moment(one.since) : "",
    [one.says, one.remedy].filter(Boolean).join("; ") || "nothing is wrong",
  ]));
}

// Judges a link by the site's robots.txt, or by a text that a person gives.

import { at, element } from "./element.js";
import { span } from "./format.js";
import { send, whoami } from "./key.js";

/** The file with the line that decides marked. */
function file(told) {
  at("robots-file").hidden = told.robots_txt === null;
  if (told.robots_txt === null) return;
  const lines = told.robots_txt.split(/\r\n|\r|\n/);
  at("robots-file").replaceChildren(...lines.map((line, index) => element(index + 1 === told.line ? "mark" : "span", { class: "line", text: line })));
  at("robots-file").querySelector("mark")?.scrollIntoView({ block: "nearest" });
}

async function judge(event) {
  event.preventDefault();
  const [agent, text] = [at("robots-agent").value.trim(), at("robots-text").value];
  at("robots-verdict").className = "sentence";
  at("robots-verdict").textContent = text.trim() ? "Judging …" : "Fetching its robots.txt …";
  at("robots-button").disabled = true;
  try {
    const told = await send("POST", "/v1/robots", { url: at("robots-url").value.trim(), ...(agent ? { user_agent: agent } : {}), ...(text.trim() ? { robots_txt: text } : {}) });
    at("robots-delay").textContent = told.crawl_delay_s === null ? "" : `It asks for ${span(told.crawl_delay_s)} between two requests.`;
    at("robots-verdict").className = `sentence ${told.allowed ? "good" : "bad"}`;
    at("robots-verdict").textContent = `${told.allowed ? "Allowed." : "Forbidden."} ${told.because}`;
    file(told);
  } catch (error) {
    at("robots-file").hidden = true;
    at("robots-verdict").className = "sentence bad";
    at("robots-verdict").textContent = error.message;
  }
  at("robots-button").disabled = false;
}

at("robots").addEventListener("submit", judge);
const domain = new URLSearchParams(location.search).get("domain")?.trim();
if (domain) at("robots-url").value = `https://${domain}/`;
whoami().then((key) => {
  if (key.scopes.includes("fetch")) return;
  at("robots-more").open = true;
  at("robots-text").required = true;
  at("robots-text").placeholder = "Your key lacks the scope fetch, so the site's own is not fetched: paste one here.";
}).catch(() => {}); // the page itself says what is wrong with the key

// How a link is shown in lists, and the sentences for its states.

import { element, linkPage, tag } from "./element.js";
import { ago, count, moment, several, time } from "./format.js";

const SENTENCES = {
  unknown: "Nobody has shared this link here yet.",
  pending: "It is on its way: it waits for its turn, or is being fetched now.",
  fetched: "It was fetched and understood.",
  robots_denied: "The site's robots.txt forbids it, so it was not asked for.",
  blocked_address: "It leads to an address inside this network, which is never asked.",
  http_error: "The server answered with an error.",
  dns_error: "The host's name could not be looked up.",
  tls_error: "The connection could not be encrypted safely.",
  connect_error: "The host could not be reached.",
  timed_out: "The host took too long.",
  too_large: "The answer is larger than the limit.",
  unsupported_type: "It is no kind of content that has a card.",
  redirect_loop: "It redirects in a circle.",
  too_many_redirects: "It redirects more often than is followed.",
  interstitial: "A page stands before it: a login, a consent wall or a check for robots.",
  invalid_url: "It is no valid URL.",
  late: "Its turn came too late.",
  protocol_error: "The server did not keep to HTTP.",
  blocked_domain: "This server's settings forbid the domain.",
  unsupported_scheme: "Only http and https links are fetched.",
  not_fetched: "It is not fetched.",
  failed: "It could not be fetched.",
};

export const hostOf = (url) => (URL.canParse(url) ? new URL(url).host : "");

/** good, wait or bad. */
export function kindOf(status) {
  if (status === "fetched") return "good";
  return ["pending", "deferred", "unknown"].includes(status) ? "wait" : "bad";
}

/** With a full stop, where none is. */
export const stop = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);

/** What a record or card says of the link's state, as one sentence. */
export function sentence(found) {
  const until = found.paused?.until ?? found.until;
  if (found.status === "deferred") {
    return `Waits: ${found.paused?.because ?? found.reason ?? "its turn has not come"}; next try at ${until ? moment(until) : "a time not known yet"}.`;
  }
  if (found.gone_since) return `The page is gone since ${moment(found.gone_since)}; this is what it said last.`;
  if (found.last_error) return `Fetched, but the latest try failed at ${moment(found.last_error.at)}: ${stop(found.last_error.reason)}`;
  if (found.status === "fetched" && found.fetched_at) {
    const fresh = found.fresh_until ? ` It counts as fresh ${Date.parse(found.fresh_until) > Date.now() ? "until" : "no longer: it did until"} ${moment(found.fresh_until)}.` : "";
    return `Fetched ${ago(found.fetched_at)}, at ${moment(found.fetched_at)}.${fresh}`;
  }
  if (found.status === "robots_denied" && found.reason) return `It was not asked for: ${stop(found.reason)}`;
  if (found.status === "http_error" && found.reason) return stop(found.reason[0].toUpperCase() + found.reason.slice(1));
  const said = SENTENCES[found.status] ?? `Its status is ${found.status}.`;
  return found.reason && found.status !== "fetched" && found.status !== "unknown" ? `${said.slice(0, -1)}: ${stop(found.reason)}` : said;
}

/** Which list blocks it; of what it is, nothing is shown. */
function blocked({ matched, basis }) {
  if (basis === "takedown") return "An admin took it down.";
  return matched ? `The list ${matched.list} names ${matched.expression}${matched.category ? ` (${matched.category})` : ""}.` : "A list blocks it.";
}

export function verdictTag(verdict) {
  if (verdict?.verdict === "block") return tag("blocked", "bad", "A list blocks it");
  if (verdict?.verdict === "warn") return tag("warning", "wait", "A list warns of it");
  return null;
}

/** A row with a bar. `part`: from 0 to 1. `title`: the same in other words. */
export function bar(name, part, said, kind, title) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  svg.setAttribute("viewBox", "0 0 100 10");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  rect.setAttribute("width", String(100 * part));
  rect.setAttribute("height", "10");
  svg.append(rect);
  return element("li", { class: kind, title }, element("span", { text: name.replaceAll("_", " ") }), svg, element("span", { class: "number", text: said }));
}

/** A picture as this server gives it; `address` may carry a signature. It never comes from the site itself. */
export function pictureAddress(image, width) {
  if (image.proxied_url && URL.canParse(image.proxied_url)) {
    const signed = new URL(image.proxied_url);
    return signed.pathname + signed.search;
  }
  return `/images/cards?w=${width}&src=${encodeURIComponent(image.url)}`;
}

/** The picture, or the first letter of the host where there is none or it does not come. */
export function thumbnail(found) {
  const host = hostOf(found.url).replace(/^www\./, "");
  const letter = () => element("span", { class: "thumb", text: host ? host[0].toUpperCase() : "?", "aria-hidden": "true" });
  if (!found.image) return letter();
  const made = element("img", { class: "thumb", alt: "", width: 88, height: 56, loading: "lazy" });
  made.addEventListener("error", () => made.replaceWith(letter()));
  made.src = pictureAddress(found.image, 176);
  return made;
}

/** A row that leads to the link's page. `found`: a card, or a record of a notice. */
export function row(given) {
  const found = { ...given.metadata, ...given };
  const when = found.handled_at ?? found.checked_at ?? found.fetched_at;
  const shares = found.shares?.total ? several(found.shares.total, "share") : "";
  const reason = found.verdict?.verdict === "block" ? blocked(found.verdict) : found.status === "fetched" ? found.description : sentence(found);
  return element("li", {}, element("a", { class: "row-link", href: linkPage(found.url) },
    thumbnail(found),
    element("div", {},
      element("h3", { text: found.title || found.url, lang: found.language }),
      found.title && element("p", { class: "where", text: found.url }),
      reason && element("p", { class: "where", text: reason }),
    ),
    element("div", { class: "side-facts" },
      element("span", { class: "tags" }, tag(found.status.replaceAll("_", " "), kindOf(found.status)), verdictTag(found.verdict)),
      when && time(when, ago(when)),
      shares && element("span", { text: shares, title: `${count(found.shares.sharers)} different people, as far as they were told` }),
    ),
  ));
}

/** Shows the link of a notice on top of `rows`, once, and at most so many. */
export function add(rows, data, most) {
  const { data: record } = JSON.parse(data);
  if (!record?.url) return;
  [...rows.children].find((one) => one.dataset.url === record.url)?.remove();
  const made = row(record);
  made.dataset.url = record.url;
  rows.prepend(made);
  while (rows.children.length > most) rows.lastChild.remove();
}

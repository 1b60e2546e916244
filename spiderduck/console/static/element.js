// Makes elements. Whatever came from outside goes in as text, never as markup.

/** `properties`: `class`, `text`, `on…` handlers, `hidden` and other properties by name, attributes with a dash or in ATTRIBUTES. */
const ATTRIBUTES = new Set(["role", "for", "colspan", "scope", "datetime", "lang"]);

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (key === "class") made.className = value;
    else if (key === "text") made.textContent = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key.includes("-") || ATTRIBUTES.has(key)) made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** Whether other processes have it (`ids`, `pictures`), or nobody: the `order` of links of all domains. */
export const isElsewhere = (what) => document.documentElement.dataset.elsewhere.split(" ").includes(what);

export const at = (id) => document.getElementById(id);

/** A link to another site, if the address is one that a person may follow. */
export function outward(url, text = url) {
  if (!/^https?:\/\//i.test(url)) return element("span", { text });
  return element("a", { href: url, rel: "noopener noreferrer nofollow", target: "_blank", text });
}

export const linkPage = (url) => `/link?url=${encodeURIComponent(url)}`;
export const domainPage = (domain) => `/domains?domain=${encodeURIComponent(domain)}`;

/** A word in a coloured pill. `kind`: good, wait, bad or nothing. */
export const tag = (text, kind = "", title = undefined) => element("span", { class: `tag ${kind}`, text, title });

export function facts(entries) {
  const list = element("dl", { class: "facts" });
  for (const [name, value] of entries) {
    if (value === undefined || value === null || value === "" || value === false) continue;
    list.append(element("dt", { text: name }), element("dd", {}, value));
  }
  return list;
}

/** `columns`: names, or [name, "number"]. `rows`: arrays of texts or elements. */
export function table(caption, columns, rows) {
  const kinds = columns.map((column) => (Array.isArray(column) ? column[1] : ""));
  const head = columns.map((column, index) => element("th", { scope: "col", class: kinds[index], text: Array.isArray(column) ? column[0] : column }));
  const body = rows.map((row) => element("tr", {}, row.map((cell, index) => element("td", { class: kinds[index] }, cell ?? ""))));
  return element("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": caption },
    element("table", {}, element("caption", { text: caption }), element("thead", {}, element("tr", {}, head)), element("tbody", {}, body)));
}

/** Buttons of which one is pressed. */
export function choose(group, chosen) {
  const show = (button) => {
    for (const one of group.querySelectorAll("button")) one.setAttribute("aria-pressed", String(one === button));
    chosen(button.value);
  };
  group.addEventListener("click", (event) => { if (event.target.closest("button")) show(event.target.closest("button")); });
}

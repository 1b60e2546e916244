// Opens the console's pages in Chromium and tells what is wrong with them, as JSON on standard output. The parameter is a
// file with what to do: program, base, reader, keeper, pages (name → path, `links` first), found (the reader's first page) and what
// flows.mjs and shots.mjs take.

import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";
import { keeper, reader } from "./flows.mjs";
import { fingerprint, shoot } from "./shots.mjs";

const order = JSON.parse(await readFile(process.argv[2], "utf8"));
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const ALL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const OF_A_VIEW = { type: "rule", values: ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"] }; // what theme and width change
const EXAMINED = { exclude: [[".op ~ .op ~ .op"]] }; // of the hundred calls on the API's page, which are made alike, two
const MEANT = /status of 401|ERR_FAILED \S+\/v1\/trends/; // Chromium's own lines about the call without a key, and the one that is cut off
const VIEWS = { wide: { viewport: { width: 1280, height: 860 }, colorScheme: "light" }, phone: { viewport: { width: 390, height: 844 }, colorScheme: "dark" } };
const MOST_SHIFT = 0.1; // what web.dev calls good
const browser = await chromium.launch({ executablePath: order.program, args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--force-device-scale-factor=1", "--font-render-hinting=none"] });

/** A tab; with a key already typed, if one is given. */
async function tab(view, key) {
  const context = await browser.newContext({ ...VIEWS[view], reducedMotion: "reduce", locale: "en-GB", timezoneId: "UTC" });
  if (key) await context.addInitScript((one) => sessionStorage.setItem("spiderduck.key", one), key);
  await context.addInitScript(() => {
    globalThis.shifted = 0;
    new PerformanceObserver((list) => { for (const one of list.getEntries()) if (!one.hadRecentInput) globalThis.shifted += one.value; }).observe({ type: "layout-shift", buffered: true });
  });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  return page;
}

/** Until nothing is read any more; the stream never ends, so that the network is never idle. */
const settled = (page) => page.waitForFunction(() => !document.querySelector("main")?.matches(":has([aria-busy=true])") && !document.getElementById("found")?.hidden);

/** What is wrong with a page, as it looks at the moment. */
async function wrong(page, rules) {
  const violations = await page.evaluate(`${axe}; axe.run(${JSON.stringify(EXAMINED)}, ${JSON.stringify({ runOnly: rules })}).then((result) => result.violations.map((found) => found.id + ": " + found.nodes.map((node) => node.target).join(" | ")))`);
  const [isWider, shift] = await page.evaluate(() => [document.documentElement.scrollWidth > innerWidth, globalThis.shifted]);
  return [...violations, ...(isWider ? ["wider than the screen"] : []), ...(shift > MOST_SHIFT ? [`what is there moves by ${shift.toFixed(2)}`] : [])];
}

/** A person opens every page, once, and does what `acts` has for it. */
async function visit(page, view, { pages, acts, rules }, findings) {
  const told = {};
  let name = "";
  const found = (text) => findings.push(`${name} ${view}: ${text}`);
  page.on("console", (message) => {
    const said = `${message.text()} ${message.location().url}`;
    if (message.type() === "error" && !MEANT.test(said)) found(said);
  });
  page.on("pageerror", (error) => found(error.message));
  for (const [one, path] of Object.entries(pages)) {
    name = one;
    const url = order.base + path;
    if (page.url() !== url) await page.goto(url).catch(() => page.goto(url)); // the server may just have closed a connection that was kept
    await acts.asked?.(page, told, order);
    delete acts.asked;
    await settled(page);
    (await wrong(page, rules)).forEach(found);
    await acts[name]?.(page, told, order);
  }
  await page.context().close();
  return told;
}

const findings = [];
const { pictures, ...readable } = order.pages; // whose own key a reader has not
const [kept, was, fonts] = await Promise.all([
  tab("wide", order.keeper).then((page) => visit(page, "wide", { pages: order.pages, acts: keeper, rules: ALL }, findings)),
  tab("phone", null).then((page) => visit(page, "phone", { pages: { ...readable, links: order.found }, acts: reader, rules: OF_A_VIEW }, findings)),
  tab("wide", null).then(fingerprint),
]);
const told = { findings, ...kept, ...was, chromium: browser.version(), fonts };
if (order.shots) await shoot(browser, order);
await browser.close();
console.log(JSON.stringify(told));

// Opens the console's pages in Chromium and tells what is wrong with them, as JSON on standard output. The parameter is a
// file with what to do: program, base, reader, keeper, pages (name → path), hostile, answers, picture, now, shots.

import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";
import { flows, keyboard } from "./flows.mjs";
import { fingerprint, shoot } from "./shots.mjs";

const order = JSON.parse(await readFile(process.argv[2], "utf8"));
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = JSON.stringify({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
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
  page.setDefaultTimeout(30_000);
  return page;
}

/** Until nothing is read any more; the stream never ends, so that the network is never idle. */
const settled = (page) => page.waitForFunction(() => !document.querySelector("main")?.matches(":has([aria-busy=true])") && !document.getElementById("found")?.hidden);

/** Every page in one view. `key`: what it is opened with. */
async function pages(view, key, findings) {
  const page = await tab(view, key);
  let name = "";
  page.on("console", (message) => { if (message.type() === "error") findings.push(`${name} ${view}: ${message.text()} ${message.location().url}`); });
  page.on("pageerror", (error) => findings.push(`${name} ${view}: ${error.message}`));
  for (const [one, path] of Object.entries(order.pages)) {
    name = one;
    await page.goto(order.base + path);
    await settled(page);
    const violations = await page.evaluate(`${axe}; axe.run(document, ${RULES}).then((result) => result.violations.map((found) => found.id + ": " + found.nodes.map((node) => node.target).join(" | ")))`);
    findings.push(...violations.map((found) => `${name} ${view}: ${found}`));
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) findings.push(`${name} ${view}: wider than the screen`);
    const shift = await page.evaluate(() => globalThis.shifted);
    if (shift > MOST_SHIFT) findings.push(`${name} ${view}: what is there moves by ${shift.toFixed(2)}`);
  }
  await page.context().close();
}

const findings = [];
const [, , reading, keeping] = await Promise.all([
  pages("wide", order.keeper, findings), pages("phone", order.reader, findings),
  tab("wide", null).then((page) => keyboard(page, order)), tab("wide", order.keeper).then((page) => flows(page, order)),
]);
const told = { findings, ...reading, ...keeping, chromium: browser.version(), fonts: await tab("wide", null).then(fingerprint) };
if (order.shots) await shoot(browser, order);
await browser.close();
console.log(JSON.stringify(told));

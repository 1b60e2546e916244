// Opens the console's pages in Chromium and tells what is wrong with them, as JSON on standard output.
// Parameters: Chromium, the server's address, a key that may only read, and the pages as JSON: name → path.

import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const [program, base, key, pages, hostile] = process.argv.slice(2);
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const VIEWS = { wide: { viewport: { width: 1280, height: 860 }, colorScheme: "light" }, phone: { viewport: { width: 390, height: 844 }, colorScheme: "dark" } };
const findings = [];
const told = { findings };
const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });

/** A tab; with the key already typed, if `known`. */
async function tab(view, known) {
  const context = await browser.newContext({ ...VIEWS[view], reducedMotion: "reduce" });
  if (known) await context.addInitScript((one) => sessionStorage.setItem("spiderduck.key", one), key);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  return page;
}

/** Until nothing is read any more; the stream never ends, so that the network is never idle. */
const settled = (page) => page.waitForFunction(() => !document.querySelector("main")?.matches(":has([aria-busy=true])") && !document.getElementById("found")?.hidden);

for (const view of Object.keys(VIEWS)) {
  const page = await tab(view, true);
  let name = "";
  page.on("console", (message) => { if (message.type() === "error") findings.push(`${name} ${view}: ${message.text()} ${message.location().url}`); });
  page.on("pageerror", (error) => findings.push(`${name} ${view}: ${error.message}`));
  for (const [one, path] of Object.entries(JSON.parse(pages))) {
    name = one;
    await page.goto(base + path);
    await settled(page);
    const violations = await page.evaluate(`${axe}; axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then((result) => result.violations.map((found) => found.id + ": " + found.nodes.map((node) => node.target).join(" | ")))`);
    findings.push(...violations.map((found) => `${name} ${view}: ${found}`));
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) findings.push(`${name} ${view}: wider than the screen`);
  }
  await page.context().close();
}

// A person with a reader's key: is asked for it, then looks for a link by a word and opens it, with the keyboard alone.
const page = await tab("wide", false);
await page.goto(`${base}/links?text=pond`);
await page.locator("#key-dialog[open]").waitFor();
told.focused = await page.evaluate(() => document.activeElement.id);
await page.keyboard.type(key);
await page.keyboard.press("Enter");
await page.locator("#rows li").first().waitFor();
told.rows = await page.locator("#rows h3").allTextContents();
await page.locator("#rows a").first().focus();
await page.keyboard.press("Enter");
await page.locator("#found:not([hidden])").waitFor();
told.path = new URL(page.url()).pathname;
await page.locator("#take-down:disabled").waitFor();
told.missing = await page.locator("#take-down").getAttribute("title");
await page.locator("#shapes button[value=plain]").click();
told.plain = await page.locator("#card pre").textContent();

// What a page says of itself stays text.
await page.goto(`${base}/link?url=${encodeURIComponent(hostile)}`);
await page.locator("#found:not([hidden])").waitFor();
told.title = await page.locator("#title").textContent();
told.made = await page.locator("main img[src='x'], main script, main b").count();
told.ran = await page.evaluate(() => "ran" in globalThis);
await page.goto(`${base}/`);
await page.keyboard.press("Tab");
told.first = await page.evaluate(() => document.activeElement.textContent);
await browser.close();
console.log(JSON.stringify(told));

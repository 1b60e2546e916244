// Draws the Mermaid diagrams of the given Markdown files as SVG, one file each, named by the digest of its source.
// Run by `make diagrams`: where the libraries are installed, Chromium, the folder for the drawings, the files.

import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const [libraries, program, folder, ...files] = process.argv.slice(2);
const require = createRequire(join(libraries, "package.json"));
const { chromium } = require("playwright-core");
const named = (source) => createHash("sha256").update(source).digest("hex").slice(0, 16);

const sources = new Map();
for (const file of files) {
  for (const [, source] of (await readFile(file, "utf8")).matchAll(/^```mermaid\n(.*?)\n```$/gms)) sources.set(named(source.trim()), source.trim());
}

const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu"] });
const page = await browser.newPage();
await page.addScriptTag({ path: require.resolve("mermaid/dist/mermaid.min.js") });
await mkdir(folder, { recursive: true });
for (const old of await readdir(folder)) if (!sources.has(old.replace(".svg", ""))) await rm(join(folder, old));
for (const [name, source] of sources) {
  const drawn = await page.evaluate(async (text) => {
    mermaid.initialize({ startOnLoad: false, theme: "neutral", flowchart: { useMaxWidth: false }, deterministicIds: true, fontFamily: "Helvetica, Arial, sans-serif" });
    const { svg } = await mermaid.render("diagram", text);
    const holder = document.createElement("div");
    holder.innerHTML = svg; // labels hold HTML, such as <br>, that is no XML yet
    const root = holder.querySelector("svg");
    root.setAttribute("style", "background-color: white");
    for (const one of root.querySelectorAll("[data-points]")) one.removeAttribute("data-points"); // ten times the drawing
    for (const one of root.querySelectorAll("path[d]")) one.setAttribute("d", one.getAttribute("d").replace(/(\.\d)\d+/g, "$1"));
    return new XMLSerializer().serializeToString(root);
  }, source);
  await writeFile(join(folder, `${name}.svg`), `${drawn}\n`);
}
await browser.close();
console.log(`${sources.size} diagrams are in ${folder}`);

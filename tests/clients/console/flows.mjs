// What people do on the console's pages. Each tells what it found.

/** A person with a reader's key: is asked for it, then looks for a link by a word and opens it, with the keyboard alone. */
export async function keyboard(page, { base, reader, hostile }) {
  const told = {};
  await page.goto(`${base}/links?text=pond`);
  await page.locator("#key-dialog[open]").waitFor();
  told.focused = await page.evaluate(() => document.activeElement.id);
  await page.keyboard.type(reader);
  await page.keyboard.press("Enter");
  await page.locator("#rows li").first().waitFor();
  told.rows = await page.locator("#rows h3").allTextContents();
  await page.locator("#rows a").first().focus();
  told.outlined = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
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
  await page.goto(`${base}/system`);
  await page.locator("#settings p").waitFor();
  told.withheld = await page.locator("#settings").textContent();
  await page.goto(`${base}/problems`);
  await page.keyboard.press("Tab");
  told.first = await page.evaluate(() => document.activeElement.textContent);
  await page.context().close();
  return told;
}

/** A person with a key that may do everything. */
export async function flows(page, { base, pond, picture_url: picture, robots_url: forbidden }) {
  const told = {};
  await page.goto(`${base}/`);
  await page.locator("#rates canvas").waitFor();
  await page.locator("#endings .number").first().waitFor();
  await page.locator("#rates .plot").focus();
  const readout = () => page.locator("#rates .readout").textContent();
  const before = await readout();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  told.moved = (await readout()) !== before;
  await page.locator("#spans button[value=day]").click();
  await page.locator("#handled-why", { hasText: "last day" }).waitFor();

  await page.goto(`${base}/domains`);
  await page.locator("#robots-url").fill(forbidden);
  await page.keyboard.press("Enter");
  await page.locator("#robots-verdict.bad").waitFor();
  told.robots = await page.locator("#robots-verdict").textContent();
  told.marked = await page.locator("#robots-file mark").textContent();

  await page.goto(`${base}/notices`);
  await page.locator("#webhooks button").click();
  await page.locator("#deliveries-shown tbody tr").first().waitFor();
  await page.locator("#deliveries-shown button").first().click();
  await page.locator("#delivered", { hasText: "once more" }).waitFor();
  told.replayed = await page.locator("#delivered").textContent();

  await page.goto(`${base}/link?url=${encodeURIComponent(pond)}`);
  await page.locator("#told li").nth(1).waitFor();
  told.told = await page.locator("#told strong").allTextContents();

  await page.goto(`${base}/pictures`);
  await page.locator("#play-src").fill(picture);
  await page.locator("#playground button").click();
  await page.locator("#played", { hasText: "4 variants" }).waitFor();
  told.variants = await page.locator("#variants .name").allTextContents();
  told.drawn = await page.locator("#variants img").evaluateAll((all) => all.every((one) => one.naturalWidth === 40));

  await page.goto(`${base}/system`);
  await page.locator("#settings tbody tr").first().waitFor();
  told.settings = await page.locator("#settings tbody").textContent();
  told.keys = await page.locator("#keys strong").allTextContents();

  await page.goto(`${base}/docs/api`);
  await page.locator("#calls .op").first().waitFor();
  await page.locator("#wanted").fill("verdicts");
  told.found = await page.locator("#calls .op:visible code").allTextContents();
  await page.locator("#calls .op:visible summary").first().press("Enter");
  await page.locator("#judge_urls form textarea").fill(JSON.stringify({ urls: [pond] }));
  await page.locator("#judge_urls form button").first().click();
  await page.locator("#judge_urls form .state.good").waitFor();
  told.tried = JSON.parse(await page.locator("#judge_urls form pre").last().textContent()).results[0].verdict;
  told.anchor = new URL(page.url()).hash;
  await page.context().close();
  return told;
}

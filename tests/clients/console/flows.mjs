// What people do on the console's pages, by the page's name. Each notes in `told` what was found.

/** A person with a reader's key, who has the keyboard alone. `asked` happens on the first page, `links`. */
export const reader = {
  async asked(page, told, { reader: key }) {
    await page.locator("#key-dialog[open]").waitFor();
    told.focused = await page.evaluate(() => document.activeElement.id);
    await page.keyboard.type(key);
    await page.keyboard.press("Enter");
    await page.locator("#rows li").first().waitFor();
  },

  /** Looks for a link by a word and opens it. */
  async links(page, told) {
    told.rows = await page.locator("#rows h3").allTextContents();
    await page.locator("#rows a").first().focus();
    told.outlined = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    await page.keyboard.press("Enter");
    await page.locator("#found:not([hidden])").waitFor();
    told.path = new URL(page.url()).pathname;
  },

  async link(page, told, { base, hostile }) {
    await page.locator("#take-down:disabled").waitFor();
    told.missing = await page.locator("#take-down").getAttribute("title");
    await page.locator("#shapes button[value=plain]").click();
    told.plain = await page.locator("#card pre").textContent();
    await page.goto(`${base}/link?url=${encodeURIComponent(hostile)}`); // what a page says of itself stays text
    await page.locator("#found:not([hidden])").waitFor();
    told.title = await page.locator("#title").textContent();
    told.made = await page.locator("main img[src='x'], main script, main b").count();
    told.ran = await page.evaluate(() => "ran" in globalThis);
  },

  /** While the server cannot be reached, and when it is back. */
  async trends(page, told) {
    await page.route("**/v1/trends?*", (route) => route.abort());
    await page.locator("#window").selectOption("hour");
    await page.locator("#trouble:visible").waitFor();
    told.away = await page.locator("#trouble").textContent();
    await page.unroute("**/v1/trends?*");
    await page.locator("#trouble button").click();
    await page.locator("#rows[aria-busy=false]").waitFor({ state: "attached" });
    told.back = await page.locator("#trouble").isHidden();
  },

  async dead(page, told) {
    told.not_again = await page.locator("#all:disabled").getAttribute("title");
  },

  async system(page, told) {
    await page.locator("#settings p").waitFor();
    told.withheld = await page.locator("#settings").textContent();
  },

  async problems(page, told) {
    await page.keyboard.press("Tab");
    told.first = await page.evaluate(() => document.activeElement.textContent);
  },
};

/** A person with a key that may do everything. */
export const keeper = {
  async overview(page, told) {
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
  },

  /** Sees who was told, and takes another link down; `lists` lifts that. */
  async link(page, told, { base, secret }) {
    await page.locator("#told li").nth(1).waitFor();
    told.told = await page.locator("#told strong").allTextContents();
    await page.goto(`${base}/link?url=${encodeURIComponent(secret)}`);
    await page.locator("#take-down:enabled").click();
    await page.locator("#take-down-reason").fill("<b>order 4711</b>");
    await page.locator("#take-down-form .danger").click();
    await page.locator("#state", { hasText: "Taken down" }).waitFor();
    told.taken_down = await page.locator("#verdict .sentence").textContent();
  },

  async lists(page, told) {
    told.reason = await page.locator("#takedowns tbody td").nth(3).textContent();
    await page.locator("#takedowns button").click();
    await page.locator("#lifted", { hasText: "may be fetched again" }).waitFor();
    told.lifted = await page.locator("#takedowns").textContent();
    told.audited = await page.locator("#audit tbody code").allTextContents();
  },

  /** Ends the pause of a domain, and has a link judged by a site's robots.txt. */
  async domains(page, told, { robots_url: forbidden }) {
    told.paused = await page.locator("#sentence").textContent();
    await page.locator("#resume:enabled").click();
    await page.locator("#resume-part").waitFor({ state: "hidden" });
    told.resumed = await page.locator("#sentence").textContent();
    await page.locator("#robots-url").fill(forbidden);
    await page.keyboard.press("Enter");
    await page.locator("#robots-verdict.bad").waitFor();
    told.robots = await page.locator("#robots-verdict").textContent();
    told.marked = await page.locator("#robots-file mark").textContent();
  },

  /** Tries one again, then the rest. */
  async dead(page, told) {
    told.given_up = await page.locator("#letters .sentence").allTextContents();
    await page.locator("#letters button:enabled").first().click();
    await page.locator("#state", { hasText: "back in the queue" }).waitFor();
    told.left = await page.locator("#letters li").count();
    await page.locator("#all").click();
    await page.locator("#empty").waitFor();
    told.tried_again = await page.locator("#state").textContent();
  },

  async notices(page, told) {
    await page.locator("#webhooks button").click();
    await page.locator("#deliveries-shown tbody tr").first().waitFor();
    await page.locator("#deliveries-shown button").first().click();
    await page.locator("#delivered", { hasText: "once more" }).waitFor();
    told.replayed = await page.locator("#delivered").textContent();
  },

  async pictures(page, told, { picture_url: picture }) {
    await page.locator("#play-src").fill(picture);
    await page.locator("#playground button").click();
    await page.locator("#played", { hasText: "4 variants" }).waitFor();
    told.variants = await page.locator("#variants .name").allTextContents();
    told.drawn = await page.locator("#variants img").evaluateAll((all) => all.every((one) => one.naturalWidth === 40));
  },

  async system(page, told) {
    await page.locator("#settings tbody tr").first().waitFor();
    told.settings = await page.locator("#settings tbody").textContent();
    told.keys = await page.locator("#keys strong").allTextContents();
  },

  async docs(page, told, { pond }) {
    await page.locator("#calls .op").first().waitFor();
    await page.locator("#wanted").fill("verdicts");
    told.found = await page.locator("#calls .op:visible code").allTextContents();
    await page.locator("#calls .op:visible summary").first().press("Enter");
    await page.locator("#judge_urls form textarea").fill(JSON.stringify({ urls: [pond] }));
    await page.locator("#judge_urls form button").first().click();
    await page.locator("#judge_urls form .state.good").waitFor();
    told.tried = JSON.parse(await page.locator("#judge_urls form pre").last().textContent()).results[0].verdict;
    told.anchor = new URL(page.url()).hash;
  },
};

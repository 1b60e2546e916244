// Screenshots of pages with fixed answers at a fixed moment, so that they are equal every time.

const VIEWS = {
  light: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "light" },
};

/** What a text measures: with other fonts, screenshots are others. */
export async function fingerprint(page) {
  const width = await page.evaluate(() => {
    const context = document.createElement("canvas").getContext("2d");
    return ["system-ui", "monospace"].map((one) => { context.font = `600 32px ${one}`; return context.measureText("Why ducks float, 0123456789").width.toFixed(2); }).join(" ");
  });
  await page.context().close();
  return width;
}

async function answered(route, { base, answers, picture }) {
  const url = new URL(route.request().url());
  if (url.origin !== new URL(base).origin) return route.abort();
  if (url.pathname.startsWith("/images/")) return route.fulfill({ contentType: "image/webp", body: Buffer.from(picture, "base64") });
  if (url.pathname === "/v1/stream") return route.fulfill({ contentType: "text/event-stream", body: ": open\n\n" });
  const found = answers[url.pathname];
  if (found === undefined) return route.continue();
  return typeof found === "string" ? route.fulfill({ contentType: "text/plain", body: found }) : route.fulfill({ json: found });
}

/** `shots`: [name, path, view, file, what must be there before]. */
export async function shoot(browser, order) {
  await Promise.all(order.shots.map(async ([path, view, file, ready]) => {
    const context = await browser.newContext({ ...VIEWS[view], reducedMotion: "reduce", locale: "en-GB", timezoneId: "UTC" });
    await context.route("**/*", (route) => answered(route, order));
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    await page.clock.setFixedTime(new Date(order.now));
    await page.goto(order.base + path);
    await page.locator(ready).first().waitFor();
    await page.waitForFunction(() => [...document.images].every((one) => one.complete) && document.fonts.status === "loaded");
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.screenshot({ path: file, animations: "disabled", caret: "hide" });
    await context.close();
  }));
}

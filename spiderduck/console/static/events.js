// Server-sent events over `fetch`, because the browser's own EventSource cannot send a key. It goes on behind the last
// event it got, and waits longer after each failure in a row.

import { call, reason } from "./key.js";

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30000;

/** Calls `on.message(data)` for every event for as long as the page lives, `on.open()`, `on.lost()` and `on.refused(why)` in between. */
export async function follow(path, on) {
  let last = "";
  let pause = FIRST_PAUSE;
  for (;;) {
    try {
      const answer = await call(path, { headers: { Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) } });
      if (answer.ok) {
        on.open();
        pause = FIRST_PAUSE;
        for await (const event of events(answer.body)) {
          if (event.id) last = event.id;
          if (event.data) on.message(event.data);
        }
      } else on.refused(await reason(answer));
    } catch {
      on.lost(); // a connection that broke, or was not made
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (text + value).split(/\r?\n\r?\n/);
    text = blocks.pop();
    for (const block of blocks) yield fields(block);
  }
}

function fields(block) {
  const found = { id: "", data: "" };
  const data = [];
  for (const line of block.split(/\r?\n/)) {
    const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);
    if (name === "data") data.push(value);
    else if (name === "id") found.id = value;
  }
  found.data = data.join("\n");
  return found;
}

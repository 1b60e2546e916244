// Shows the problem that the address names, or all of them. Everything is set as text.

import { reached } from "./key.js";

const place = document.getElementById("problems");
const wanted = decodeURIComponent(location.pathname.split("/")[2] ?? "");

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** What stands between backticks is code. */
function meaning(text) {
  const made = element("p", "");
  text.split("`").forEach((part, index) => made.append(index % 2 ? element("code", part) : part));
  return made;
}

function article(problem) {
  const made = element("article", "", "call");
  made.id = problem.code;
  made.append(
    element("h2", problem.code),
    element("p", `${problem.status} ${problem.title}`, "where"),
    meaning(problem.meaning),
  );
  return made;
}

async function show() {
  const answer = await reached("/problems.json");
  const all = await answer.json();
  place.setAttribute("aria-busy", "false");
  place.replaceChildren(...all.filter((problem) => !wanted || problem.code === wanted).map(article));
  if (wanted) document.title = `SpiderDuck · ${wanted}`;
}

show().catch(() => place.replaceChildren(element("p", "The list of problems could not be read; reload the page.", "bad")));

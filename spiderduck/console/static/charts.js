// Charts over time, drawn by uPlot, in the colours of the page. The arrow keys move through a chart as the mouse does;
// the line below it says what stands under the cursor.

import { element } from "./element.js";
import uPlot from "./uplot.js";

const HEIGHT = 190;
const NARROW = 420;
const WHOLE = Array.from({ length: 30 }, (_, index) => [1, 2, 5][index % 3] * 10 ** Math.floor(index / 3));
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
const charts = new Set();

/** A line of fewer than two moments would not be seen. */
const isAlone = (plot, line) => plot.data[line].filter((value) => value !== null).length < 2;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** `lines`: [label, colour's name in tokens.css]. `said`: a value with its unit; `brief`: the same for the axis. */
export class Chart {
  #place;
  #lines;
  #said;
  #brief;
  #readout;
  #plot = null;
  #data = null;

  constructor(place, label, lines, said, brief = said) {
    this.#brief = brief;
    this.#place = element("div", { class: "plot", tabIndex: 0, role: "img", "aria-label": `${label}. The arrow keys move through it.` });
    this.#readout = element("p", { class: "readout", role: "status" });
    this.#lines = lines;
    this.#said = said;
    const legend = element("ul", { class: "legend" }, lines.map(([name, token]) => element("li", { class: `of${token}`, text: name })));
    place.replaceChildren(legend, this.#place, this.#readout);
    this.#place.addEventListener("keydown", (event) => this.#move(event));
    new ResizeObserver(() => this.#fit()).observe(this.#place);
    charts.add(this);
  }

  /** `times`: epoch seconds. `columns`: one array for each line; null where nothing is known. */
  show(times, columns) {
    this.#data = [times, ...columns];
    if (this.#plot) this.#plot.setData(this.#data);
    else this.draw();
    if (this.#plot.cursor.idx == null) this.#say(null);
  }

  /** Anew, with the colours of now. */
  draw() {
    if (!this.#data) return;
    this.#plot?.destroy();
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const options = {
      width: Math.max(this.#place.clientWidth, 200), height: HEIGHT, legend: { show: false },
      cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
      scales: { y: { range: (_, low, high) => [0, Math.max(1, high * 1.15)] } },
      axes: [
        { ...axis, size: 30, space: this.#place.clientWidth < NARROW ? 90 : 60, values: (_, all) => all.map((one) => clock.format(one * 1000)) },
        { ...axis, size: 58, space: 40, incrs: WHOLE, values: (_, all) => all.map((one) => this.#brief(one)) },
      ],
      series: [{}, ...this.#lines.map(([label, token]) => ({ label, stroke: colour(token), width: 2, fill: `${colour(token)}1f`, points: { show: isAlone, size: 5, fill: colour(token) }, spanGaps: false }))],
      hooks: { setCursor: [(plot) => this.#say(plot.cursor.idx)] },
    };
    this.#plot = new uPlot(options, this.#data, this.#place);
    this.#place.dataset.width = String(this.#place.clientWidth);
  }

  #fit() {
    if (this.#plot && this.#place.dataset.width !== String(this.#place.clientWidth)) this.draw();
  }

  #move(event) {
    if (!(event.key in STEPS) || !this.#plot) return;
    event.preventDefault();
    const last = this.#data[0].length - 1;
    const at = Math.min(last, Math.max(0, (this.#plot.cursor.idx ?? last + 1) + STEPS[event.key]));
    this.#plot.setCursor({ left: this.#plot.valToPos(this.#data[0][at], "x"), top: HEIGHT / 3 });
    this.#say(at);
  }

  #say(index) {
    const at = index ?? this.#data[0].length - 1;
    const values = this.#lines.map(([label], line) => `${label} ${this.#data[line + 1][at] == null ? "–" : this.#said(this.#data[line + 1][at])}`);
    this.#readout.textContent = `${clock.format(this.#data[0][at] * 1000)}: ${values.join(", ")}`;
  }
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { for (const one of charts) one.draw(); });

// A day of one vehicle: what it was doing as a band, what it reported as charts under one cursor, each also in words and as a table.
import { ask } from "../lib/api.js";
import { chart } from "../lib/chart.js";
import { GAP_MS } from "../lib/fixes.js";
import { MILES, clock, imperial, lasting, make, number } from "../lib/read.js";
import { t } from "../lib/texts.js";

const MOST = 20_000;
const BUCKETS = 48;
const SYNC = "vehicle-day";

/**
 * @typedef {{key: string, label: string, unit: string, colour: string, step?: boolean, zero?: boolean, change?: (value: number) => number, places?: number}} Measure
 * @typedef {{kind: string, from: number, until: number}} Stretch
 */

/** @returns {Measure[]} what is drawn when the vehicle says it, in this order */
const measures = () => [
  { key: "speed_kmh", label: t("Speed"), unit: imperial() ? "mph" : "km/h", colour: "accent", zero: true, change: (value) => (imperial() ? value * MILES : value) },
  { key: "fuel_pct", label: t("Fuel"), unit: "%", colour: "good", zero: true },
  { key: "fuel_l", label: t("Fuel"), unit: "l", colour: "good", zero: true },
  { key: "battery_pct", label: t("Battery"), unit: "%", colour: "good", zero: true },
  { key: "supply_v", label: t("Supply"), unit: "V", colour: "idle", places: 1 },
  { key: "battery_v", label: t("Tracker battery"), unit: "V", colour: "moving", places: 2 },
  { key: "rpm", label: t("Engine"), unit: t("rpm"), colour: "alarm", zero: true },
  { key: "coolant_c", label: t("Coolant"), unit: imperial() ? "°F" : "°C", colour: "alarm", change: (value) => (imperial() ? (value * 9) / 5 + 32 : value) },
];

/** Kinds of stretches; the pattern goes with the colour. @returns {Record<string, string>} */
const kinds = () => ({ driving: t("Driving"), stop: t("Stopped on the way"), parked: t("Parked"), silent: t("No reports") });

class VehicleCharts extends HTMLElement {
  async connectedCallback() {
    this.from = Number(this.dataset.from);
    this.to = Number(this.dataset.to);
    /** @type {{end: () => void}[]} */
    this.drawn = [];
    const { vehicle } = this.dataset;
    const step = Math.max(1, Math.ceil((this.to - this.from) / 1000 / MOST));
    const span = `from=${this.from}&to=${this.to}`;
    let found;
    let trips;
    try {
      [found, trips] = await Promise.all([ask(`/vehicles/${vehicle}/positions?${span}&attributes=true&step_s=${step}`), ask(`/vehicles/${vehicle}/trips?${span}`)]);
    } catch (fault) {
      return this.replaceChildren(make("p", { className: "muted body" }, fault instanceof Error ? fault.message : String(fault)));
    }
    if (!this.isConnected) return;
    const order = found.at_ms.map((/** @type {number} */ _, /** @type {number} */ index) => index);
    order.sort((/** @type {number} */ a, /** @type {number} */ b) => found.at_ms[a] - found.at_ms[b]);
    this.at = order.map((/** @type {number} */ index) => found.at_ms[index]);
    if (!this.at.length) return this.replaceChildren(make("p", { className: "muted body" }, t("Nothing was reported in these 24 hours.")));
    this.replaceChildren();
    this.drawBand(trips.items);
    for (const measure of measures()) {
      const column = found[measure.key] || found.attributes?.[measure.key];
      if (!column) continue;
      const values = order.map((/** @type {number} */ index) => (typeof column[index] === "number" ? (measure.change || Number)(column[index]) : null));
      if (values.some((/** @type {number | null} */ value) => value !== null)) this.drawChart(measure, values);
    }
  }

  disconnectedCallback() {
    for (const one of this.drawn || []) one.end();
  }

  /** What it did from the first to the last moment; null trips: they are withheld. @param {any[] | null} trips @returns {Stretch[]} */
  stretches(trips) {
    /** @type {Stretch[]} */
    const found = [];
    const add = (/** @type {string} */ kind, /** @type {number} */ from, /** @type {number} */ until) => {
      const [begin, end] = [Math.max(from, this.from), Math.min(until, this.to)];
      if (end - begin < 1000) return;
      const last = found.at(-1);
      if (last && last.kind === kind && last.until === begin) last.until = end;
      else found.push({ kind, from: begin, until: end });
    };
    let moment = this.from;
    for (const trip of trips || []) {
      this.still(moment, trip.from_at_ms, add);
      moment = trip.from_at_ms;
      for (const stop of trip.stops) {
        this.ride(moment, stop.from_at_ms, add);
        add("stop", stop.from_at_ms, stop.until_at_ms);
        moment = stop.until_at_ms;
      }
      this.ride(moment, trip.until_at_ms, add);
      moment = trip.until_at_ms;
    }
    this.still(moment, this.to, add);
    return found;
  }

  /** A parked vehicle speaks rarely: only hours of silence are silence. @param {number} from @param {number} until @param {(kind: string, from: number, until: number) => void} add */
  still(from, until, add) {
    this.split(from, until, 60 * 60_000, "parked", add);
  }

  /** @param {number} from @param {number} until @param {(kind: string, from: number, until: number) => void} add */
  ride(from, until, add) {
    this.split(from, until, GAP_MS, "driving", add);
  }

  /** @param {number} from @param {number} until @param {number} longest @param {string} kind @param {(kind: string, from: number, until: number) => void} add */
  split(from, until, longest, kind, add) {
    let heard = from;
    for (const at of [...this.at.filter((/** @type {number} */ one) => one > from && one < until), until]) {
      add(at - heard > longest ? "silent" : kind, heard, at);
      heard = at;
    }
  }

  /** @param {any[] | null} trips */
  drawBand(trips) {
    if (trips === null) return;
    const found = this.stretches(trips);
    const names = kinds();
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 1000 28");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("class", "band");
    svg.setAttribute("role", "img");
    for (const { kind, from, until } of found) {
      const left = ((from - this.from) / (this.to - this.from)) * 1000;
      const width = Math.max(0.6, ((until - from) / (this.to - this.from)) * 1000);
      // height tells the kind as well as colour does
      const [top, height] = { driving: [0, 28], stop: [7, 21], parked: [16, 12], silent: [25, 3] }[kind] || [0, 28];
      const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      for (const [name, value] of Object.entries({ x: left, y: top, width, height, class: `is-${kind}` })) rect.setAttribute(name, String(value));
      const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
      title.textContent = `${names[kind]}, ${clock(from)} – ${clock(until)}, ${lasting(until - from)}`;
      rect.append(title);
      svg.append(rect);
    }
    const sums = Object.entries(names).map(([kind, name]) => [kind, name, found.filter((one) => one.kind === kind).reduce((sum, one) => sum + one.until - one.from, 0)]).filter(([, , sum]) => Number(sum) > 0);
    const words = sums.map(([, name, sum]) => `${name} ${lasting(Number(sum))}`).join(", ");
    svg.setAttribute("aria-label", t("24 hours: {words}", { words }));
    const legend = make("p", { className: "bandlegend small num" }, ...sums.map(([kind, name, sum]) => make("span", { className: `key is-${kind}` }, `${name} ${lasting(Number(sum))}`)));
    const hours = make("p", { className: "bandhours small muted num" });
    for (let part = 0; part <= 6; part++) hours.append(make("span", {}, clock(this.from + ((this.to - this.from) * part) / 6)));
    const rows = found.map((one) => [clock(one.from), clock(one.until), names[one.kind], lasting(one.until - one.from)]);
    this.append(make("section", { className: "reading" }, make("h3", {}, t("What it did")), legend, svg, hours, this.table(t("What it did"), [t("From"), t("Until"), t("State"), t("Time")], rows)));
  }

  /** @param {Measure} measure @param {(number | null)[]} values */
  drawChart(measure, values) {
    const { seconds, shown } = this.withGaps(values);
    const said = shown.filter((value) => value !== null);
    const low = Math.min(...said.map(Number));
    const high = Math.max(...said.map(Number));
    const text = (/** @type {number} */ value) => `${number(value, measure.places || 0)} ${measure.unit}`;
    const at = seconds[shown.indexOf(high)] * 1000;
    const last = said.at(-1);
    const summary = t("Lowest {low}, highest {high} at {time}, latest {last}.", { low: text(low), high: text(high), time: clock(at), last: text(Number(last)) });
    const place = make("div", { className: "plot", role: "img", ariaLabel: `${measure.label}: ${summary}` });
    const words = make("p", { className: "muted small num words" }, summary);
    this.append(make("section", { className: "reading" }, make("h3", {}, measure.label), words, place, this.table(measure.label, [t("From"), t("Lowest"), t("Mean"), t("Highest")], this.buckets(seconds, shown, text))));
    this.drawn.push(
      chart(place, (colour) => [{}, { stroke: colour(measure.colour), width: 1.5, fill: measure.zero ? `${colour(measure.colour)}1f` : undefined, points: { show: false } }], [seconds, shown], {
        height: 120, unit: measure.unit, zero: Boolean(measure.zero), sync: SYNC, from: this.from / 1000, to: this.to / 1000,
        onCursor: (index) => {
          const value = index === null ? null : shown[index];
          words.textContent = index === null || value == null ? summary : `${clock(seconds[index] * 1000)}: ${text(value)}`;
        },
      }),
    );
  }

  /** The values with a hole wherever nothing was heard for a while. @param {(number | null)[]} values */
  withGaps(values) {
    /** @type {number[]} */
    const seconds = [];
    /** @type {(number | null)[]} */
    const shown = [];
    let before = null;
    for (let index = 0; index < values.length; index++) {
      if (values[index] === null) continue;
      const at = this.at[index];
      if (before !== null && at - before > GAP_MS * 4) {
        seconds.push(before / 1000 + 1);
        shown.push(null);
      }
      seconds.push(at / 1000);
      shown.push(values[index]);
      before = at;
    }
    return { seconds, shown };
  }

  /** Half hours in which something was said. @param {number[]} seconds @param {(number | null)[]} values @param {(value: number) => string} text */
  buckets(seconds, values, text) {
    const size = (this.to - this.from) / BUCKETS;
    /** @type {number[][]} */
    const found = Array.from({ length: BUCKETS }, () => []);
    values.forEach((value, index) => value !== null && found[Math.min(BUCKETS - 1, Math.max(0, Math.floor((seconds[index] * 1000 - this.from) / size)))].push(value));
    return found.flatMap((part, index) => (part.length ? [[clock(this.from + index * size), text(Math.min(...part)), text(part.reduce((sum, value) => sum + value, 0) / part.length), text(Math.max(...part))]] : []));
  }

  /** The same facts to read, closed until somebody wants them. @param {string} name @param {string[]} heads @param {string[][]} rows */
  table(name, heads, rows) {
    const box = make("details", { className: "astable small" }, make("summary", {}, t("Table")));
    box.addEventListener("toggle", () => {
      if (box.querySelector("table")) return;
      const head = make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)));
      const lines = rows.map((row) => make("tr", {}, ...row.map((text) => make("td", {}, text))));
      box.append(make("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: name }, make("table", {}, make("caption", { className: "sr" }, name), make("thead", {}, head), make("tbody", {}, ...lines))));
    });
    return box;
  }
}

customElements.define("vehicle-charts", VehicleCharts);

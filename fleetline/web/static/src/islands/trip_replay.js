// Replay by time: the way coloured by speed, stops with their length, a scrubber, and the speed chart that goes along with it.
import { LngLatBounds, Marker } from "maplibre-gl";
import { ask } from "../lib/api.js";
import { baseMap } from "../lib/base.js";
import { chart } from "../lib/chart.js";
import { GAP_MS, fixesOf, indexAt, speedSeries } from "../lib/fixes.js";
import { Markers } from "../lib/markers.js";
import { MILES, clock, clockSeconds, day, distance, imperial, lasting, make, number, speed } from "../lib/read.js";
import { t } from "../lib/texts.js";
import { isDark, onTheme, token } from "../lib/theme.js";

const RATES = [1, 2, 5, 10, 20, 30, 60];
const TABLE_STEP_MS = 60_000;
const STEPS_KMH = [0, 30, 60, 90, 120];
const STEPS_MPH = [0, 20, 40, 60, 80];
const RAMP = { light: ["#46327e", "#2f6c8e", "#1f9e89", "#5cb83c", "#c9a800"], dark: ["#a08cff", "#4aa8e0", "#2cc9a5", "#9be15d", "#fde725"] };
const NOTHING = { type: "FeatureCollection", features: [] };

class TripReplay extends HTMLElement {
  async connectedCallback() {
    this.from = Number(this.dataset.from);
    this.to = Number(this.dataset.to);
    this.rate = 30;
    this.moment = this.from;
    this.playing = false;
    this.follows = false;
    this.fixes = { at: [], lon: [], lat: [], speed: [], course: [] };
    this.marker = new Markers();
    this.stops = [];
    this.buildDeck();
    try {
      this.map = baseMap(this.querySelector("[data-canvas]"), this.dataset);
    } catch {
      this.querySelector("[data-canvas]").replaceChildren(make("p", { className: "nomap muted" }, t("This browser has no WebGL: list and speed chart have the same facts.")));
    }
    this.querySelector("[data-trips]").addEventListener("click", (event) => this.listClick(event));
    addEventListener("keydown", (this.keys = (event) => this.key(event)));
    const loaded = this.map ? new Promise((done) => this.map.on("load", done)) : null;
    await Promise.all([this.load(), loaded]);
    if (!this.isConnected) return;
    this.ready();
    window.__test = { moment: () => this.moment, fixes: () => this.fixes.at.length, playing: () => this.playing, map: this.map, drawn: () => this.segments };
  }

  disconnectedCallback() {
    removeEventListener("keydown", this.keys);
    cancelAnimationFrame(this.frame);
    this.graph?.end();
    this.map?.remove();
  }

  async load() {
    try {
      const { vehicle } = this.dataset;
      const [fixes, trips] = await Promise.all([fixesOf(vehicle, this.from, this.to), ask(`/vehicles/${vehicle}/trips?from=${this.from}&to=${this.to}`)]);
      this.fixes = fixes;
      this.trips = trips.items || [];
      this.stops = this.trips.flatMap((trip) => trip.stops);
    } catch (fault) {
      this.trips = [];
      this.note.textContent = fault instanceof Error ? fault.message : String(fault);
    }
  }

  buildDeck() {
    const button = (text, label, act, kind = "") => {
      const found = make("button", { type: "button", className: `btn small ${kind}`, ariaLabel: label, title: label }, text);
      found.addEventListener("click", act);
      return found;
    };
    this.play = button(t("Play"), t("Play (space)"), () => this.toggle());
    this.play.classList.add("first");
    this.scrub = make("input", { type: "range", min: this.from, max: this.to, step: 1000, value: this.from, ariaLabel: t("Time") });
    this.scrub.addEventListener("input", () => this.seek(Number(this.scrub.value)));
    this.clock = make("output", { className: "num now" });
    const rate = make("select", { ariaLabel: t("Speed of replay") }, ...RATES.map((times) => make("option", { value: times, selected: times === this.rate }, `${times}×`)));
    rate.addEventListener("change", () => (this.rate = Number(rate.value)));
    const follow = make("label", { className: "check small" }, make("input", { type: "checkbox" }), ` ${t("Follow")}`);
    follow.addEventListener("change", () => (this.follows = follow.querySelector("input").checked));
    this.note = make("span", { className: "muted small num", role: "status" });
    this.plot = make("div", { className: "plot", role: "img", ariaLabel: t("Speed over time") });
    this.summary = make("p", { className: "muted small num summary" });
    this.table = make("details", { className: "astable small" }, make("summary", {}, t("Table")));
    this.table.addEventListener("toggle", () => this.table.open && this.fillTable());
    this.track = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.track.setAttribute("class", "track");
    this.track.setAttribute("viewBox", "0 0 1000 6");
    this.track.setAttribute("preserveAspectRatio", "none");
    this.track.setAttribute("aria-hidden", "true");
    this.legend = make("div", { className: "legend small" });
    this.querySelector("[data-deck]").replaceChildren(
      make("div", { className: "controls" }, this.play, rate, button("«", t("Stop before"), () => this.jump(-1)), button("−1 min", t("−1 min (shift ←)"), () => this.seek(this.moment - 60000), "aminute"),
        button("‹", t("One position back (←)"), () => this.step(-1)), button("›", t("One position on (→)"), () => this.step(1)),
        button("+1 min", t("+1 min (shift →)"), () => this.seek(this.moment + 60000), "aminute"), button("»", t("Next stop"), () => this.jump(1)), follow, this.note, this.clock),
      make("div", { className: "scrubber" }, this.track, this.scrub), this.plot, make("div", { className: "underplot" }, this.summary, this.table),
    );
    this.querySelector("[data-canvas]").after(this.legend);
  }

  ready() {
    const wanted = Number(new URLSearchParams(location.search).get("trip"));
    const trip = this.trips.find((one) => one.from_at_ms === wanted) || this.trips.at(-1);
    if (this.map) this.drawWay();
    this.drawChart();
    if (trip) this.choose(trip, false);
    else this.seek(this.fixes.at[0] ?? this.from);
    onTheme(() => this.map && this.paint());
  }

  /** One piece of line per colour and stretch; where nothing was heard for five minutes the line is dashed and grey. */
  drawWay() {
    const { at, lon, lat, speed: speeds } = this.fixes;
    const steps = imperial() ? STEPS_MPH.map((value) => value / MILES) : STEPS_KMH;
    const features = [];
    let line = null;
    for (let index = 1; index < at.length; index++) {
      const gap = at[index] - at[index - 1] > GAP_MS;
      const trip = this.trips.findIndex((one) => at[index - 1] >= one.from_at_ms && at[index] <= one.until_at_ms);
      const step = gap ? -1 : Math.max(0, steps.findLastIndex((value) => (speeds[index] ?? 0) >= value));
      if (!line || line.properties.step !== step || line.properties.trip !== trip) {
        line = { type: "Feature", properties: { step, trip }, geometry: { type: "LineString", coordinates: [[lon[index - 1], lat[index - 1]]] } };
        features.push(line);
      }
      line.geometry.coordinates.push([lon[index], lat[index]]);
    }
    this.segments = features.length;
    const stops = this.stops.filter((stop) => stop.lat_e7 !== null).map((stop) => ({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: [stop.lon_e7 / 1e7, stop.lat_e7 / 1e7] } }));
    const add = (id, data) => this.map.addSource(id, { type: "geojson", data, tolerance: 0.1 });
    add("way", { type: "FeatureCollection", features });
    add("stops", { type: "FeatureCollection", features: stops });
    /** @type {{"line-cap": "round", "line-join": "round"}} */
    const round = { "line-cap": "round", "line-join": "round" };
    this.map.addLayer({ id: "gap", type: "line", source: "way", filter: ["==", ["get", "step"], -1], paint: { "line-width": 2, "line-dasharray": [2, 2] } });
    this.map.addLayer({ id: "casing", type: "line", source: "way", filter: [">=", ["get", "step"], 0], layout: round, paint: { "line-width": 6 } });
    this.map.addLayer({ id: "way", type: "line", source: "way", filter: [">=", ["get", "step"], 0], layout: round, paint: { "line-width": 3.5 } });
    this.map.addLayer({ id: "stops", type: "circle", source: "stops", paint: { "circle-radius": 5, "circle-stroke-width": 2 } });
    this.marker.addTo(this.map);
    this.paint();
    this.map.on("click", (event) => this.nearest(event.lngLat));
  }

  paint() {
    const ramp = RAMP[isDark() ? "dark" : "light"];
    /** @type {any} */
    const colours = ["match", ["get", "step"], ...ramp.flatMap((colour, index) => [index, colour]), token("muted")];
    this.map.setPaintProperty("way", "line-color", colours);
    this.map.setPaintProperty("casing", "line-color", token("surface"));
    this.map.setPaintProperty("gap", "line-color", token("muted"));
    this.map.setPaintProperty("stops", "circle-color", token("surface"));
    this.map.setPaintProperty("stops", "circle-stroke-color", token("text"));
    const steps = imperial() ? STEPS_MPH : STEPS_KMH;
    const swatch = (colour) => {
      const found = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      found.setAttribute("viewBox", "0 0 16 4");
      found.innerHTML = `<rect width="16" height="4" rx="2" fill="${colour}"/>`;
      return found;
    };
    this.legend.replaceChildren(...ramp.map((colour, index) => make("span", {}, swatch(colour), `${steps[index]}${index === ramp.length - 1 ? "+" : ""}`)), make("span", { className: "muted" }, imperial() ? "mph" : "km/h"));
  }

  drawChart() {
    this.plot.replaceChildren();
    if (!this.fixes.at.length) return void this.plot.append(make("p", { className: "muted" }, t("No positions in this span.")));
    /** @type {any} */
    const data = speedSeries(this.fixes, imperial() ? MILES : 1);
    this.graph = chart(this.plot, (colour) => [{}, { stroke: colour("accent"), width: 1.5, fill: `${colour("accent")}22`, points: { show: false } }], data, {
      height: innerWidth < 640 ? 84 : 132, unit: imperial() ? "mph" : "km/h",
      onCursor: (index) => index !== null && this.pointing && this.seek(data[0][index] * 1000, false),
      onPick: (seconds) => this.seek(seconds * 1000),
    });
    this.plot.addEventListener("pointerenter", () => (this.pointing = !this.playing));
    this.plot.addEventListener("pointerleave", () => (this.pointing = false));
  }

  listClick(event) {
    const line = event.target.closest("li[data-trip]");
    if (!line || event.ctrlKey || event.metaKey || event.target.closest(".stoplist")) return;
    event.preventDefault();
    const trip = this.trips.find((one) => one.from_at_ms === Number(line.dataset.trip));
    if (trip) this.choose(trip, true);
  }

  /** The chosen trip stands out of the other ways of the span. */
  highlight() {
    if (!this.map?.getLayer("way")) return;
    /** @type {any} */
    const wanted = ["==", ["get", "trip"], this.trips.indexOf(this.chosen)];
    /** @param {number} chosen @param {number} others @returns {any} */
    const among = (chosen, others) => ["case", wanted, chosen, others];
    this.map.setPaintProperty("way", "line-opacity", among(1, 0.22));
    this.map.setPaintProperty("casing", "line-opacity", among(1, 0));
    this.map.setPaintProperty("gap", "line-opacity", among(1, 0.3));
  }

  choose(trip, remembers) {
    this.chosen = trip;
    this.highlight();
    for (const line of this.querySelectorAll("li[data-trip] a")) {
      if (Number(line.parentElement.dataset.trip) === trip.from_at_ms) line.setAttribute("aria-current", "true");
      else line.removeAttribute("aria-current");
    }
    if (remembers) {
      const query = new URLSearchParams(location.search);
      query.set("trip", String(trip.from_at_ms));
      history.replaceState(null, "", `${location.pathname}?${query}`);
    }
    this.scrub.min = String(trip.from_at_ms);
    this.scrub.max = String(trip.until_at_ms);
    this.drawStops(trip);
    this.drawTrack(trip);
    this.describe(trip);
    this.graph?.plot.setScale("x", { min: trip.from_at_ms / 1000, max: trip.until_at_ms / 1000 });
    const box = new LngLatBounds();
    this.fixes.at.forEach((at, index) => at >= trip.from_at_ms && at <= trip.until_at_ms && box.extend([this.fixes.lon[index], this.fixes.lat[index]]));
    if (!box.isEmpty()) this.map?.fitBounds(box, { padding: 48, maxZoom: 15, animate: false });
    // the chart takes its new span after this turn, and only then knows where a moment stands
    queueMicrotask(() => this.seek(trip.from_at_ms));
  }

  toggle() {
    this.playing = !this.playing;
    this.pointing = false;
    this.play.textContent = this.playing ? t("Pause") : t("Play");
    this.play.ariaLabel = this.playing ? t("Pause (space)") : t("Play (space)");
    this.play.title = this.play.ariaLabel;
    if (!this.playing) return;
    if (this.moment >= Number(this.scrub.max) - 1000) this.moment = Number(this.scrub.min);
    let before = performance.now();
    const step = (now) => {
      if (!this.playing) return;
      this.seek(this.moment + (now - before) * this.rate);
      before = now;
      if (this.moment >= Number(this.scrub.max)) this.toggle();
      else this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  /** The moment that is shown: between two fixes the marker stands between them, in a gap it stays where it was heard last. */
  seek(moment, moves = true) {
    this.moment = Math.max(Number(this.scrub.min), Math.min(Number(this.scrub.max), moment));
    const { at, lon, lat, speed: speeds, course } = this.fixes;
    this.scrub.value = String(this.moment);
    this.scrub.setAttribute("aria-valuetext", clockSeconds(this.moment));
    this.clock.textContent = `${day(this.moment)} ${clockSeconds(this.moment)}`;
    if (!at.length) return;
    const index = Math.max(0, indexAt(at, this.moment));
    const next = Math.min(at.length - 1, index + 1);
    const long = at[next] - at[index];
    const gap = long > GAP_MS && this.moment > at[index];
    const part = gap || !long ? 0 : Math.max(0, Math.min(1, (this.moment - at[index]) / long));
    /** @type {[number, number]} */
    const place = [lon[index] + (lon[next] - lon[index]) * part, lat[index] + (lat[next] - lat[index]) * part];
    const stop = this.stops.find((one) => one.from_at_ms <= this.moment && this.moment < one.until_at_ms);
    const state = gap ? "offline" : stop || !speeds[index] ? "idle" : "moving";
    this.note.textContent = stop && gap ? t("Stop of {time}, without reports", { time: lasting(stop.until_at_ms - stop.from_at_ms) }) : stop ? t("Stop of {time}", { time: lasting(stop.until_at_ms - stop.from_at_ms) }) : gap ? t("No reports in this time") : speed(speeds[index]);
    this.marker.show([{ id: 1, lon: place[0], lat: place[1], course: course[index], state }]);
    if (this.follows && this.map) this.map.jumpTo({ center: place });
    if (moves && this.graph) {
      const plot = this.graph.plot;
      const left = plot.valToPos(this.moment / 1000, "x");
      plot.setCursor({ left, top: 10 }, false);
    }
  }

  /** To the next or the former position, whatever lies between. @param {number} way */
  step(way) {
    const { at } = this.fixes;
    const index = indexAt(at, this.moment);
    this.seek(at[index + (way > 0 ? 1 : at[index] === this.moment ? -1 : 0)] ?? this.moment);
  }

  /** Where the chosen trip stood, with how long. @param {any} trip */
  drawStops(trip) {
    for (const old of this.labels || []) old.remove();
    this.labels = [];
    for (const line of this.querySelectorAll(".stoplist")) line.remove();
    if (!trip.stops.length) return;
    const list = make("ul", { className: "stoplist small num" });
    for (const stop of trip.stops) {
      const time = lasting(stop.until_at_ms - stop.from_at_ms);
      const go = make("button", { type: "button" }, t("{clock}, stop of {time}", { clock: clock(stop.from_at_ms), time }));
      go.addEventListener("click", () => this.seek(stop.from_at_ms));
      list.append(make("li", {}, go));
      if (!this.map || stop.lat_e7 === null) continue;
      const label = make("span", { className: "stoplabel num" }, time);
      this.labels.push(new Marker({ element: label, anchor: "left", offset: [8, 0] }).setLngLat([stop.lon_e7 / 1e7, stop.lat_e7 / 1e7]).addTo(this.map));
    }
    this.querySelector(`li[data-trip="${trip.from_at_ms}"]`)?.append(list);
  }

  /** Spans of the chosen trip in which nothing was heard. @param {any} trip @returns {[number, number][]} */
  gaps(trip) {
    const { at } = this.fixes;
    /** @type {[number, number][]} */
    const found = [];
    for (let index = 1; index < at.length; index++) {
      if (at[index] - at[index - 1] > GAP_MS && at[index - 1] >= trip.from_at_ms && at[index] <= trip.until_at_ms) found.push([at[index - 1], at[index]]);
    }
    return found;
  }

  /** Stops and gaps above the scrubber. @param {any} trip */
  drawTrack(trip) {
    const long = Math.max(1, trip.until_at_ms - trip.from_at_ms);
    const mark = (/** @type {number} */ from, /** @type {number} */ until, /** @type {string} */ kind, /** @type {number} */ height) => {
      const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      const values = { x: ((from - trip.from_at_ms) / long) * 1000, width: Math.max(2, ((until - from) / long) * 1000), y: 6 - height, height, class: kind };
      for (const [name, value] of Object.entries(values)) rect.setAttribute(name, String(value));
      return rect;
    };
    this.track.replaceChildren(
      mark(trip.from_at_ms, trip.until_at_ms, "is-driving", 2),
      ...trip.stops.map((/** @type {any} */ stop) => mark(stop.from_at_ms, stop.until_at_ms, "is-stop", 6)),
      ...this.gaps(trip).map(([from, until]) => mark(from, until, "is-silent", 4)),
    );
  }

  /** The trip in one sentence. @param {any} trip */
  describe(trip) {
    const inside = this.fixes.at.map((at, index) => (at >= trip.from_at_ms && at <= trip.until_at_ms ? this.fixes.speed[index] ?? 0 : -1));
    const fastest = inside.indexOf(Math.max(...inside));
    const gaps = this.gaps(trip).length;
    const parts = [t("{distance} in {time}", { distance: distance(trip.distance_km), time: lasting(trip.until_at_ms - trip.from_at_ms) })];
    if (fastest >= 0 && inside[fastest] >= 0) parts.push(t("fastest {speed} at {clock}", { speed: speed(inside[fastest]), clock: clock(this.fixes.at[fastest]) }));
    if (trip.stops.length) parts.push(trip.stops.length === 1 ? t("1 stop") : t("{count} stops", { count: trip.stops.length }));
    if (gaps) parts.push(gaps === 1 ? t("1 gap without reports") : t("{count} gaps without reports", { count: gaps }));
    this.summary.textContent = parts.join(", ");
    this.plot.ariaLabel = `${t("Speed over time")}: ${this.summary.textContent}`;
    this.table.querySelector(".scroll")?.remove();
    if (this.table.open) this.fillTable();
  }

  /** The chosen trip minute by minute, to read instead of the chart. */
  fillTable() {
    if (!this.chosen || this.table.querySelector(".scroll")) return;
    const rows = [];
    let next = this.chosen.from_at_ms;
    this.fixes.at.forEach((at, index) => {
      if (at < next || at > this.chosen.until_at_ms) return;
      const place = `${number(this.fixes.lat[index], 5)}, ${number(this.fixes.lon[index], 5)}`;
      rows.push(make("tr", {}, make("td", {}, clockSeconds(at)), make("td", {}, speed(this.fixes.speed[index])), make("td", { className: "mono" }, place)));
      next = at + TABLE_STEP_MS;
    });
    const head = make("tr", {}, ...[t("Time"), t("Speed"), t("Place")].map((text) => make("th", { scope: "col" }, text)));
    this.table.append(make("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: t("Speed over time") }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows))));
  }

  jump(direction) {
    const marks = [...this.stops.map((stop) => stop.from_at_ms), Number(this.scrub.min), Number(this.scrub.max)].sort((a, b) => a - b);
    const found = direction > 0 ? marks.find((mark) => mark > this.moment + 500) : marks.findLast((mark) => mark < this.moment - 500);
    if (found !== undefined) this.seek(found);
  }

  nearest({ lng, lat }) {
    let best = Infinity;
    let found = null;
    this.fixes.at.forEach((at, index) => {
      const far = (this.fixes.lon[index] - lng) ** 2 + (this.fixes.lat[index] - lat) ** 2;
      if (at >= Number(this.scrub.min) && at <= Number(this.scrub.max) && far < best) [best, found] = [far, at];
    });
    if (found !== null) this.seek(found);
  }

  key(event) {
    if (event.target.closest("input:not([type=range]), select, textarea, summary") || (event.key === " " && event.target.closest("button, a")) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.body.dataset.shortcuts === "no") return;
    if (event.key === " ") this.toggle();
    else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const way = event.key === "ArrowRight" ? 1 : -1;
      if (event.shiftKey) this.seek(this.moment + way * 60000);
      else this.step(way);
    } else return;
    event.preventDefault();
  }
}

customElements.define("trip-replay", TripReplay);

// The live map and the list beside it: a worker keeps the rows, the address says what is seen, and both show it.
import { baseMap, isLight } from "../lib/base.js";
import { MapMarks } from "../lib/map_marks.js";
import { Markers } from "../lib/markers.js";
import { mercator } from "../lib/marks.js";
import { age, make } from "../lib/read.js";
import { FleetList } from "./fleet_list.js";
import { MapTools, Measure, solarSites } from "./map_tools.js";
import { VehicleCard } from "./vehicle_card.js";

const SAY_MS = 10_000;
const NOTICE_MS = 4000;
const ADDRESS_MS = 250;
const MEASURED = 200;
const FIT = { padding: 64, maxZoom: 13.5, animate: false };
const EVENTS = "/api/v1/live/events?brief=true";

/** @param {Event} event @returns {HTMLElement | null} */
const lineOf = (event) => (event.target instanceof Element ? event.target.closest("li[data-device]") : null);

class FleetMap extends HTMLElement {
  connectedCallback() {
    this.total = this.heard = this.saidAt = 0;
    this.paused = this.lost = false;
    this.updates = [];
    this.shownAt = 0;
    /** @type {any[] | null} */
    this.known = null;
    this.form = this.querySelector("form");
    this.chip = this.querySelector("[data-live]");
    /** @type {HTMLInputElement} */
    this.inView = this.querySelector("[data-in-view]");
    const query = new URLSearchParams(location.search);
    this.picked = Number(query.get("device")) || null;
    this.vehicle = Number(query.get("vehicle")) || null;
    this.clusters = query.get("clusters") === "1";
    this.sites = query.get("solar") === "1";
    this.inView.checked = query.get("seen") === "1";
    this.worker = new Worker(new URL(FILES.fleet, import.meta.url), { type: "module" });
    this.worker.addEventListener("message", ({ data }) => this[`on_${data.kind}`](data));
    this.list = new FleetList(this.querySelector("[data-list]"), { ask: (message) => this.ask(message), picked: () => this.picked });
    this.list.inView = this.inView.checked;
    this.markers = new Markers();
    this.listen();
    this.filter();
    this.ask({ kind: "clusters", on: this.clusters });
    this.ask({ kind: "pick", device: this.picked, vehicle: this.picked ? null : this.vehicle });
    this.list.want();
    this.ask({ kind: "connect", address: EVENTS });
    this.clock = setInterval(() => this.tick(), 1000);
    // the list is on the screen already: the page may answer before it makes the map
    setTimeout(() => this.isConnected && this.openMap(query.get("at")));
  }

  disconnectedCallback() {
    clearInterval(this.clock);
    this.worker.terminate();
    this.map?.remove();
  }

  ask(message) {
    this.worker.postMessage(message);
  }

  /** What tests and measurements read. */
  hook() {
    window.__test = {
      count: () => this.markers.count, rows: () => this.total, picked: () => this.picked, map: this.map, markers: this.markers,
      feed: (columns) => this.ask({ kind: "feed", columns, all: true }), feedText: (text) => this.ask({ kind: "feed", text, all: false }),
      shownAt: () => this.shownAt, updates: () => this.updates, listed: () => this.list.order.length, found: () => this.list.found,
      clusters: () => this.marks?.clustered ?? 0, names: () => this.marks?.named ?? 0, sites: () => this.markers.sites.count,
      light: () => Boolean(this.map && isLight(this.map)), trail: () => this.card?.trail.length ?? 0, length: () => this.measure?.places.length ?? 0,
    };
  }

  openMap(at) {
    const parts = (at || "").split(",").map(Number);
    /** @type {HTMLElement} */
    const canvas = this.querySelector("[data-canvas]");
    const box = (this.dataset.box || "").split(",").map(Number);
    this.fitted = parts.length === 3 && parts.every(Number.isFinite);
    const placed = box.length === 4 && !this.vehicle && !this.picked;
    /** @type {any} */
    const where = this.fitted ? { center: [parts[1], parts[0]], zoom: parts[2] } : placed ? { bounds: box, fitBoundsOptions: FIT } : {};
    try {
      this.map = baseMap(canvas, this.dataset, where);
    } catch {
      // MapLibre says by throwing that there is no WebGL
      canvas.replaceChildren(make("p", { className: "nomap muted" }, "This browser has no WebGL, so there is no map: the list has the same facts."));
      this.hook();
      return;
    }
    this.fitted ||= placed;
    if (this.first) this.on_box(this.first);
    this.markers.addTo(this.map);
    this.markers.onDraw = () => this.seen();
    this.hook();
    this.measure = new Measure(this.map, this);
    this.map.addControl(new MapTools(this), "top-right");
    this.card = new VehicleCard(this.map, this);
    this.map.on("load", () => {
      this.card.ready();
      this.marks = new MapMarks(this.map);
      this.view();
      if (this.sites) this.setSites(true);
    });
    this.map.on("click", (event) => this.clicked(event));
    this.map.on("mousemove", (event) => this.pointed(event.point));
    this.map.on("moveend", () => {
      this.view();
      // writing the address takes a while, and a wheel turns many times
      clearTimeout(this.writing);
      this.writing = setTimeout(() => this.address(), ADDRESS_MS);
    });
  }

  clicked(event) {
    if (this.measure.on) return this.measure.add(event.lngLat);
    const middle = this.marks?.clusterAt(event.point);
    if (middle) return this.map.easeTo({ center: middle, zoom: this.map.getZoom() + 2, duration: isLight(this.map) ? 0 : 200 });
    const site = this.markers.pick(event.point, 14, this.markers.sites);
    const device = this.markers.pick(event.point);
    if (device === null && site) location.assign(`/solar/resources/${site.id}`);
    else this.pick(device);
  }

  pointed(point) {
    if (this.measure.on) return;
    const device = this.markers.pick(point);
    const site = device === null ? this.markers.pick(point, 14, this.markers.sites) : null;
    this.map.getCanvas().style.cursor = device !== null || site || this.marks?.clusterAt(point) ? "pointer" : "";
    if (site) this.tipSite(site);
    else this.hover(device);
  }

  tipSite(site) {
    this.hovered = site;
    this.card.tip([site.lon_deg, site.lat_deg], make("strong", {}, site.name), make("span", {}, `Solar, ${site.ac_kw.toLocaleString("en")} kW AC`));
  }

  listen() {
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", () => {
      this.list.anew();
      this.list.want();
      this.filter();
      this.address();
    });
    this.inView.addEventListener("change", () => {
      this.list.inView = this.inView.checked;
      this.list.anew();
      this.list.want();
      this.address();
    });
    this.list.element.addEventListener("click", (event) => {
      const line = lineOf(event);
      if (!line || event.ctrlKey || event.metaKey || !this.map) return;
      event.preventDefault();
      this.pick(Number(line.dataset.device), true);
    });
    const lit = (event) => this.hover(Number(lineOf(event)?.dataset.device) || null);
    this.list.element.addEventListener("pointerover", lit);
    this.list.element.addEventListener("pointerleave", () => this.hover(null));
    document.addEventListener("visibilitychange", () => this.ask({ kind: "sleep", on: document.hidden }));
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.picked !== null && !this.measure?.on) this.pick(null);
    });
    this.chip.replaceChildren();
    this.chip.classList.add("chip");
    this.pauser = make("button", { type: "button", className: "btn small quiet", ariaPressed: "false" }, "Pause");
    this.pauser.addEventListener("click", () => this.pause());
    this.chip.after(this.pauser);
  }

  pause() {
    this.paused = !this.paused;
    this.pauser.textContent = this.paused ? "Go on" : "Pause";
    this.pauser.ariaPressed = String(this.paused);
    this.ask({ kind: "pause", on: this.paused });
    this.tick();
  }

  filter() {
    const values = new FormData(this.form);
    const filter = { text: String(values.get("q") || "").toLocaleLowerCase(), status: String(values.get("status") || ""), group: Number(values.get("group")) || null };
    this.ask({ kind: "filter", filter });
  }

  /** Tells the worker what part of the world is on the screen. */
  view() {
    const { clientWidth: width, clientHeight: height } = this.map.getContainer();
    const { lng, lat } = this.map.getCenter();
    const world = this.markers.world();
    const [x, y] = mercator(lng, lat);
    const [across, down] = [width / 2 / world, height / 2 / world];
    this.ask({ kind: "view", view: { west: x - across, east: x + across, north: y - down, south: y + down, world } });
  }

  /** The address says what is seen, so that it can be sent to somebody. */
  address() {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) if (value) query.set(name, String(value));
    if (this.vehicle) query.set("vehicle", String(this.vehicle));
    else if (this.picked) query.set("device", String(this.picked));
    if (this.clusters) query.set("clusters", "1");
    if (this.sites) query.set("solar", "1");
    if (this.inView.checked) query.set("seen", "1");
    if (this.map && this.fitted) {
      const { lat, lng } = this.map.getCenter();
      query.set("at", `${lat.toFixed(5)},${lng.toFixed(5)},${this.map.getZoom().toFixed(2)}`);
    }
    history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
  }

  /** The first rows are there: where to look unless the address or the page says so. */
  on_box({ box, chosen }) {
    this.first = { box, chosen };
    if (this.fitted || !this.map) return;
    this.fitted = true;
    if (chosen && chosen.lat_e7 !== null) this.map.jumpTo({ center: [chosen.lon_e7 / 1e7, chosen.lat_e7 / 1e7], zoom: 13 });
    else if (box) this.map.fitBounds(box, FIT);
  }

  on_scene(scene) {
    const began = performance.now();
    this.total = scene.total;
    for (const place of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll("[data-count]"))) {
      const count = scene.counts[place.dataset.count].toLocaleString("en");
      if (place.textContent !== count) place.textContent = count;
    }
    if (scene.chosen) {
      this.picked = scene.chosen.device_id;
      this.vehicle = scene.chosen.vehicle_id;
    }
    if (scene.bytes) {
      this.markers.put(scene.bytes, scene.ids);
      this.marks?.names(scene.names);
      this.marks?.clusters(scene.clusters);
    }
    this.list.show(scene, scene.total);
    this.card?.update(scene.chosen);
    this.heard = scene.heard;
    this.tick();
    this.say();
    this.began = { heard: scene.heard, took: performance.now() - began };
    if (!this.map || !scene.bytes) this.seen();
  }

  /** A scene is on the screen, the next one may come. */
  seen() {
    if (!this.began) return;
    const { heard, took } = this.began;
    this.began = null;
    const now = performance.now();
    if (this.markers.count) this.shownAt ||= now;
    this.updates.push({ script: took + (this.markers.took || 0), shown: performance.timeOrigin + now - heard });
    if (this.updates.length > MEASURED) this.updates.shift();
    this.ask({ kind: "drawn" });
  }

  on_rows(listing) {
    this.list.show(listing, this.total);
    this.tick();
  }

  on_row({ row }) {
    if (row?.device_id === this.hovered) this.card?.tipOf(row);
  }

  on_lost({ lost }) {
    this.lost = lost;
    this.tick();
  }

  on_ended({ reason }) {
    if (reason !== "elsewhere") return location.assign("/login?next=/map");
    this.ended = true;
    this.tick();
  }

  pick(device, goes = false) {
    this.picked = device;
    this.vehicle = null;
    this.ask({ kind: "pick", device });
    this.list.remark();
    if (device === null) this.card?.open(null);
    else if (!goes) this.list.line(device)?.scrollIntoView({ block: "nearest" });
    if (device !== null && goes) this.goTo(device);
    this.address();
  }

  goTo(device) {
    const place = this.markers.placeOf(device);
    if (!place) return;
    const calm = isLight(this.map) || matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map.easeTo({ center: place, zoom: Math.max(this.map.getZoom(), 12), duration: calm ? 0 : 200 });
  }

  hover(device) {
    if (device === this.hovered) return;
    this.list.line(this.hovered)?.classList.remove("lit");
    this.hovered = device;
    this.list.line(device)?.classList.add("lit");
    this.card?.tip(null);
    if (device !== null && device !== this.picked) this.ask({ kind: "row", device });
  }

  setClusters(on) {
    this.clusters = on;
    this.ask({ kind: "clusters", on });
    this.address();
  }

  async setSites(on) {
    this.sites = on;
    this.address();
    try {
      this.known ||= await solarSites();
    } catch (refused) {
      return this.notice(refused instanceof Error ? refused.message : "");
    }
    const shown = this.sites ? this.known : [];
    this.markers.show(shown.map((site) => ({ id: site, lon: site.lon_deg, lat: site.lat_deg, course: 0, state: "sun" })), this.markers.sites);
    if (on) this.notice(`${this.known.length.toLocaleString("en")} solar site${this.known.length === 1 ? "" : "s"}`);
  }

  /** A few words on the map, gone by themselves. @param {string} words */
  notice(words) {
    if (!this.said?.isConnected) this.querySelector("[data-canvas]").append((this.said = make("p", { className: "mapnote", role: "status" })));
    this.said.textContent = words;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => (this.said.textContent = ""), NOTICE_MS);
  }

  tick() {
    const now = Date.now();
    this.list.tick(now);
    const since = this.heard ? age(this.heard, now) : "";
    const word = this.ended ? "Too many windows: reload to go on" : this.lost ? "Reconnecting" : this.paused ? "Paused" : this.heard ? "Live" : "Connecting";
    const text = `${word} · ${this.list.found.toLocaleString("en")} of ${this.total.toLocaleString("en")}${since && word !== "Live" ? ` · ${since}` : ""}`;
    if (this.chip.textContent === text) return;
    this.chip.textContent = text;
    this.chip.className = `chip ${this.lost || this.ended ? "warn" : this.paused || !this.heard ? "" : "good"}`;
  }

  /** What a screen reader hears, at most every ten seconds. */
  say() {
    const due = Date.now() - this.saidAt > SAY_MS;
    const role = due ? "status" : "none";
    if (this.chip.getAttribute("role") !== role) this.chip.setAttribute("role", role);
    if (due) this.saidAt = Date.now();
  }
}

customElements.define("fleet-map", FleetMap);

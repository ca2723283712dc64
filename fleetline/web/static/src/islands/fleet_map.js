// The live map and the list beside it: one store of rows, filled by events, filtered by the address, shown twice.
import { LngLatBounds } from "maplibre-gl";
import { baseMap } from "../lib/base.js";
import { Markers } from "../lib/markers.js";
import { VehicleCard } from "./vehicle_card.js";
import { onTheme, token } from "../lib/theme.js";
import { STATES, age, make, stateElement, stateOf, stateWords } from "../lib/read.js";

/** By name: nothing moves under the pointer when a state changes. */
const ORDER = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const PAGE = 150;
/** Names stand beside the markers up to so many of them. */
const TAGGED = 300;
const SAY_MS = 10_000;

class FleetMap extends HTMLElement {
  connectedCallback() {
    this.rows = new Map();
    this.shown = [];
    this.sorted = [];
    this.listed = PAGE;
    this.paused = false;
    this.saidAt = 0;
    this.lines = new Map();
    this.list = this.querySelector("[data-list]");
    this.form = this.querySelector("form");
    this.chip = this.querySelector("[data-live]");
    this.inView = this.querySelector("[data-in-view]");
    const query = new URLSearchParams(location.search);
    this.picked = Number(query.get("vehicle")) || null;
    this.readFilter();
    this.openMap(query.get("at"));
    this.listen();
    this.connect();
    this.clock = setInterval(() => this.tick(), 1000);
    window.__test = {
      count: () => this.markers.count, rows: () => this.rows.size, picked: () => this.picked, map: this.map,
      feed: (columns) => this.take(columns, true),
    };
  }

  disconnectedCallback() {
    clearInterval(this.clock);
    this.events?.close();
    this.map?.remove();
  }

  openMap(at) {
    const parts = (at || "").split(",").map(Number);
    this.fitted = parts.length === 3 && parts.every(Number.isFinite);
    this.markers = new Markers();
    try {
      const where = this.fitted ? { center: [parts[1], parts[0]], zoom: parts[2] } : {};
      this.map = baseMap(this.querySelector("[data-canvas]"), this.dataset, where);
    } catch (fault) {
      this.querySelector("[data-canvas]").replaceChildren(make("p", { className: "nomap muted" }, "This browser has no WebGL: the list has the same facts."));
      return;
    }
    this.card = new VehicleCard(this.map, this);
    this.map.on("load", () => {
      this.map.addSource("tags", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
      this.map.addLayer({
        id: "tags", type: "symbol", source: "tags", minzoom: 7,
        layout: { "text-field": ["get", "name"], "text-font": ["Inter"], "text-size": 12, "text-offset": [0, 1.3], "text-anchor": "top", "text-optional": true, "text-max-width": 12 },
      });
      this.tagColours();
      onTheme(() => this.tagColours());
      this.map.addLayer(this.markers);
      this.card.ready();
      this.draw();
    });
    this.map.on("click", (event) => this.pick(this.markers.pick(event.point)));
    this.map.on("mousemove", (event) => this.hover(this.markers.pick(event.point)));
    this.map.on("moveend", () => {
      if (this.fitted) this.address();
      if (this.inView?.checked) this.drawList();
    });
  }

  listen() {
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", () => {
      this.readFilter();
      this.listed = PAGE;
      this.address();
      this.draw();
    });
    this.inView?.addEventListener("change", () => this.drawList());
    this.list.addEventListener("click", (event) => {
      const line = event.target.closest("li[data-device]");
      if (!line || event.ctrlKey || event.metaKey || !this.map) return;
      event.preventDefault();
      this.pick(Number(line.dataset.device), true);
    });
    this.list.addEventListener("pointerover", (event) => this.hover(Number(event.target.closest("li[data-device]")?.dataset.device) || null, false));
    this.list.addEventListener("scroll", () => {
      if (this.list.scrollTop + this.list.clientHeight > this.list.scrollHeight - 400 && this.listed < this.shown.length) {
        this.listed += PAGE;
        this.drawList();
      }
    });
    this.chip.replaceChildren();
    this.chip.classList.add("chip");
    this.pauser = make("button", { type: "button", className: "btn small quiet", ariaPressed: "false" }, "Pause");
    this.pauser.addEventListener("click", () => {
      this.paused = !this.paused;
      this.pauser.textContent = this.paused ? "Go on" : "Pause";
      this.pauser.ariaPressed = String(this.paused);
      this.draw();
    });
    this.chip.after(this.pauser);
  }

  readFilter() {
    const values = new FormData(this.form);
    this.text = String(values.get("q") || "").toLocaleLowerCase();
    this.status = String(values.get("status") || "");
    this.group = Number(values.get("group")) || null;
  }

  /** The address says what is seen, so that it can be sent to somebody. */
  address() {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) if (value) query.set(name, String(value));
    if (this.picked) query.set("vehicle", String(this.picked));
    if (this.map && this.fitted) {
      const { lat, lng } = this.map.getCenter();
      query.set("at", `${lat.toFixed(5)},${lng.toFixed(5)},${this.map.getZoom().toFixed(2)}`);
    }
    history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
  }

  connect() {
    this.events = new EventSource("/api/v1/live/events");
    this.events.addEventListener("snapshot", (event) => this.take(JSON.parse(event.data), true));
    this.events.addEventListener("changed", (event) => this.take(JSON.parse(event.data), false));
    this.events.addEventListener("ended", () => location.assign("/login?next=/map"));
    this.events.addEventListener("open", () => (this.lost = false));
    this.events.addEventListener("error", () => {
      this.lost = true;
      this.tick();
      if (this.events.readyState === EventSource.CLOSED) setTimeout(() => this.isConnected && this.connect(), 3000);
    });
  }

  /** Columns of devices, all of them or those that changed. */
  take(columns, all) {
    const before = this.rows.size;
    if (all) {
      const there = new Set(columns.device_id);
      for (const device of this.rows.keys()) if (!there.has(device)) this.rows.delete(device);
    }
    const names = Object.keys(columns).filter((name) => Array.isArray(columns[name]) && name !== "gone");
    let renamed = this.rows.size !== before;
    for (let index = 0; index < columns.device_id.length; index++) {
      const device = columns.device_id[index];
      let row = this.rows.get(device);
      if (!row) this.rows.set(device, (row = {}));
      renamed ||= row.name !== columns.name[index];
      for (const name of names) row[name] = columns[name][index];
      row.state = stateOf(row);
    }
    for (const device of columns.gone || []) renamed = this.rows.delete(device) || renamed;
    if (renamed) this.sorted = [...this.rows.values()].sort((a, b) => ORDER.compare(a.name, b.name));
    this.heard = Date.now();
    if (all && this.picked && !this.rows.has(this.picked)) {
      // links of other pages name the vehicle
      for (const row of this.rows.values()) if (row.vehicle_id === this.picked) this.picked = row.device_id;
    }
    if (!this.paused) this.draw();
    if (all) this.fit();
    this.say();
  }

  fits(row) {
    return (
      (!this.text || row.name.toLocaleLowerCase().includes(this.text)) &&
      (!this.status || row.state === this.status) &&
      (!this.group || row.group_ids.includes(this.group))
    );
  }

  draw() {
    const counts = { "": 0 };
    for (const state of STATES) counts[state] = 0;
    const shown = [];
    for (const row of this.sorted) {
      counts[row.state]++;
      counts[""]++;
      if (this.fits(row)) shown.push(row);
    }
    for (const place of this.querySelectorAll("[data-count]")) place.textContent = counts[place.dataset.count];
    this.shown = shown;
    const placed = shown.filter((row) => row.lat_e7 !== null && row.lon_e7 !== null);
    this.markers.emphasis = this.picked ?? -1;
    const fades = this.picked !== null && placed.length < 500;
    this.markers.showRows(placed, fades ? this.picked : null);
    this.drawTags(placed.length <= TAGGED ? placed : []);
    this.drawList();
    this.card?.update(this.rows.get(this.picked));
  }

  /** Names beside markers; where there are too many for that, none, and then nothing is done a second time. */
  drawTags(near) {
    if (!near.length && !this.tagged) return;
    this.tagged = near.length;
    this.map?.getSource("tags")?.setData({
      type: "FeatureCollection",
      features: near.map((row) => ({ type: "Feature", properties: { name: row.name }, geometry: { type: "Point", coordinates: [row.lon_e7 / 1e7, row.lat_e7 / 1e7] } })),
    });
  }

  tagColours() {
    this.map.setPaintProperty("tags", "text-color", token("text"));
    this.map.setPaintProperty("tags", "text-halo-color", token("surface"));
    this.map.setPaintProperty("tags", "text-halo-width", 1.6);
  }

  drawList() {
    let rows = this.shown;
    if (this.inView?.checked && this.map) {
      const box = this.map.getBounds();
      rows = rows.filter((row) => row.lat_e7 !== null && box.contains([row.lon_e7 / 1e7, row.lat_e7 / 1e7]));
    }
    const seen = rows.slice(0, this.listed).map((row) => this.line(row));
    if (rows.length > this.listed) seen.push(make("li", { className: "none muted" }, `${rows.length - this.listed} more below: scroll, or filter`));
    if (!rows.length) seen.push(make("li", { className: "none muted" }, this.rows.size ? "No vehicle fits." : "No vehicles yet."));
    const same = seen.length === this.list.children.length && seen.every((line, index) => line === this.list.children[index]);
    if (!same) this.list.replaceChildren(...seen);
    this.found = rows.length;
    this.tick();
  }

  line(row) {
    let line = this.lines.get(row.device_id);
    if (!line) {
      line = make("li", { "data-device": row.device_id });
      line.append(make("a", {}));
      this.lines.set(row.device_id, line);
    }
    const key = `${row.name}|${stateWords(row)}|${row.fix_at_ms}|${this.picked === row.device_id}`;
    if (line.dataset.key !== key) {
      line.dataset.key = key;
      const link = line.firstElementChild;
      link.href = row.vehicle_id ? `/vehicles/${row.vehicle_id}` : `/devices/${row.device_id}`;
      if (this.picked === row.device_id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
      const when = make("span", { className: "age num", "data-at": row.fix_at_ms || "" }, age(row.fix_at_ms));
      const top = make("span", { className: "top" }, make("span", { className: "title" }, row.name), when);
      link.replaceChildren(top, stateElement(stateOf(row), stateWords(row)));
    }
    return line;
  }

  fit() {
    if (this.fitted || !this.map || !this.rows.size) return;
    this.fitted = true;
    const picked = this.rows.get(this.picked);
    if (picked?.lat_e7 != null) return this.map.jumpTo({ center: [picked.lon_e7 / 1e7, picked.lat_e7 / 1e7], zoom: 13 });
    const box = new LngLatBounds();
    for (const row of this.rows.values()) if (row.lat_e7 !== null) box.extend([row.lon_e7 / 1e7, row.lat_e7 / 1e7]);
    if (!box.isEmpty()) this.map.fitBounds(box, { padding: 64, maxZoom: 13.5, animate: false });
  }

  pick(device, goes = false) {
    this.picked = device;
    this.draw();
    const row = this.rows.get(device);
    this.card?.open(row);
    if (row && !goes) this.lines.get(device)?.scrollIntoView({ block: "nearest" });
    if (row?.lat_e7 != null && goes) {
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      this.map.easeTo({ center: [row.lon_e7 / 1e7, row.lat_e7 / 1e7], zoom: Math.max(this.map.getZoom(), 12), duration: calm ? 0 : 200 });
    }
    this.address();
  }

  hover(device, fromMap = true) {
    if (device === this.hovered) return;
    this.lines.get(this.hovered)?.classList.remove("lit");
    this.hovered = device;
    const row = this.rows.get(device);
    this.lines.get(device)?.classList.add("lit");
    if (!this.map) return;
    if (fromMap) this.map.getCanvas().style.cursor = device ? "pointer" : "";
    this.card?.tip(row && device !== this.picked ? row : null);
  }

  tick() {
    const now = Date.now();
    for (const place of this.list.querySelectorAll("[data-at]")) place.textContent = age(Number(place.dataset.at), now);
    const since = this.heard ? age(this.heard, now) : "";
    const word = this.lost ? "Reconnecting" : this.paused ? "Paused" : this.heard ? "Live" : "Connecting";
    this.chip.textContent = `${word} · ${this.found ?? 0} of ${this.rows.size}${since && word !== "Live" ? ` · ${since}` : ""}`;
    this.chip.className = `chip ${this.lost ? "warn" : this.paused || !this.heard ? "" : "good"}`;
  }

  /** What a screen reader hears, at most every ten seconds. */
  say() {
    this.chip.setAttribute("role", Date.now() - this.saidAt > SAY_MS ? "status" : "none");
    if (Date.now() - this.saidAt > SAY_MS) this.saidAt = Date.now();
  }
}

customElements.define("fleet-map", FleetMap);

// The picked vehicle on the map: its facts in a card, its way of the last hours as a line, and the map going along with it.
import { Popup } from "maplibre-gl";
import { ask } from "../lib/api.js";
import { fill, isLight } from "../lib/base.js";
import { age, distance, make, moment, speed, stateElement, stateOf, stateWords } from "../lib/read.js";
import { onTheme, token } from "../lib/theme.js";

const HOUR_MS = 3_600_000;
const NOTHING = { type: "FeatureCollection", features: [] };
const FOLLOW_MS = 150;

export class VehicleCard {
  /** @param {import("maplibre-gl").Map} map @param {any} host the live map, whose `picked` is the device shown here */
  constructor(map, host) {
    this.map = map;
    this.host = host;
    this.follows = false;
    this.trail = [];
    this.hours = 1;
    this.row = null;
    this.popup = new Popup({ closeButton: false, closeOnClick: false, offset: 14, className: "tip" });
    this.element = make("section", { className: "detail card", hidden: true, ariaLabel: "Chosen vehicle" });
    host.querySelector("[data-canvas]").after(this.element);
  }

  ready() {
    this.map.addSource("trail", { type: "geojson", data: NOTHING });
    this.map.addLayer({ id: "trail", type: "line", source: "trail", layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": token("accent"), "line-width": 3, "line-opacity": 0.75 } });
    onTheme(() => this.map.setPaintProperty("trail", "line-color", token("accent")));
    this.line();
  }

  /** A few words beside a mark, null for none. @param {[number, number] | null} place @param {...Node} lines */
  tip(place, ...lines) {
    if (!place) return void this.popup.remove();
    this.popup.setLngLat(place).setDOMContent(make("div", {}, ...lines)).addTo(this.map);
  }

  tipOf(row) {
    if (!row || row.lat_e7 === null) return this.tip(null);
    this.tip([row.lon_e7 / 1e7, row.lat_e7 / 1e7], make("strong", {}, row.name), stateElement(stateOf(row), stateWords(row)), make("span", { className: "muted small" }, age(row.fix_at_ms)));
  }

  /** @param {any} row null closes it */
  open(row) {
    this.popup.remove();
    this.row = row;
    this.element.hidden = !row;
    this.trail = [];
    this.line();
    if (!row) return;
    const close = make("button", { type: "button", className: "btn small quiet", ariaLabel: "Close" }, "Close");
    close.addEventListener("click", () => this.host.pick(null));
    const follow = make("label", { className: "check small" }, make("input", { type: "checkbox", checked: this.follows }), " Follow");
    follow.firstElementChild.addEventListener("change", (event) => {
      this.follows = /** @type {HTMLInputElement} */ (event.target).checked;
      this.follow();
    });
    const hours = make("select", { ariaLabel: "Trail" }, ...[0, 1, 6, 24].map((count) => make("option", { value: count, selected: count === this.hours }, count ? `Trail ${count} h` : "No trail")));
    hours.addEventListener("change", () => {
      this.hours = Number(hours.value);
      this.load(row);
    });
    this.facts = make("dl", { className: "kv" });
    const links = make("div", { className: "acts" });
    if (row.vehicle_id) links.append(make("a", { className: "btn small first", href: `/vehicles/${row.vehicle_id}/trips` }, "Trips"), make("a", { className: "btn small", href: `/vehicles/${row.vehicle_id}` }, "Details"));
    this.element.replaceChildren(make("header", {}, make("h2", {}, row.name), close), make("div", { className: "body stack" }, this.facts, make("div", { className: "acts" }, hours, follow), links));
    this.update(row);
    this.load(row);
  }

  async load(row) {
    this.trail = [];
    if (!this.hours || !row.vehicle_id) return this.line();
    try {
      const found = await ask(`/vehicles/${row.vehicle_id}/positions?from=${Date.now() - this.hours * HOUR_MS}&step_s=${this.hours * 10}`);
      if (row.device_id !== this.row?.device_id) return;
      this.trail = found.at_ms.map((at, index) => [at, found.lon_e7[index], found.lat_e7[index]]).filter((fix, index) => found.valid[index] && fix[1] !== null);
      this.line();
    } catch {
      this.trail = []; // a member may not see the way; the mark says enough
    }
  }

  line() {
    const places = this.trail.map(([, lon, lat]) => [lon / 1e7, lat / 1e7]);
    if (places.length < 2 && !this.drawn) return;
    this.drawn = places.length > 1;
    fill(this.map, "trail", this.drawn ? { type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: places } } : NOTHING);
  }

  /** The picked vehicle as it is now; opens the card where another one was shown. */
  update(row) {
    if (!row) return;
    if (row.device_id !== this.row?.device_id) return this.open(row);
    const moved = row.fix_at_ms !== this.row.fix_at_ms;
    this.row = row;
    const facts = [
      ["Status", stateElement(stateOf(row), stateWords(row))],
      ["Position", row.fix_at_ms ? `${age(row.fix_at_ms)}, ${moment(row.fix_at_ms)}` : "none yet"],
      ["Speed", speed(row.speed_kmh)],
      ["Today", distance(row.distance_today_km)],
      ["Mileage", distance(row.mileage_km)],
    ];
    if (row.ignition !== null) facts.push(["Ignition", row.ignition ? "on" : "off"]);
    this.facts.replaceChildren(...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
    const last = this.trail.at(-1);
    if (last && row.lat_e7 !== null && row.fix_at_ms > last[0]) {
      this.trail.push([row.fix_at_ms, row.lon_e7, row.lat_e7]);
      this.line();
    }
    if (moved) this.follow();
  }

  follow() {
    if (!this.follows || !this.row || this.row.lat_e7 === null) return;
    this.map.easeTo({ center: [this.row.lon_e7 / 1e7, this.row.lat_e7 / 1e7], duration: isLight(this.map) ? 0 : FOLLOW_MS });
  }
}

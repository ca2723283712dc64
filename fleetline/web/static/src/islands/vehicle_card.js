// The picked vehicle on the map: its facts in a card, its way of the last hours as a line, and the map going along with it.
import { Popup } from "maplibre-gl";
import { ask } from "../lib/api.js";
import { distance, make, moment, speed, stateElement, stateOf, stateWords, age } from "../lib/read.js";
import { onTheme, token } from "../lib/theme.js";

const HOUR_MS = 3_600_000;
const NOTHING = { type: "FeatureCollection", features: [] };

export class VehicleCard {
  constructor(map, host) {
    this.map = map;
    this.host = host;
    this.follows = false;
    this.trail = [];
    this.hours = 1;
    this.popup = new Popup({ closeButton: false, closeOnClick: false, offset: 14, className: "tip" });
    this.element = make("section", { className: "detail card", hidden: true, ariaLabel: "Chosen vehicle" });
    host.querySelector("[data-canvas]").after(this.element);
  }

  ready() {
    this.map.addSource("trail", { type: "geojson", data: NOTHING });
    this.map.addLayer(
      { id: "trail", type: "line", source: "trail", layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": token("accent"), "line-width": 3, "line-opacity": 0.75 } },
      this.map.getLayer("vehicles") ? "vehicles" : undefined,
    );
    onTheme(() => this.map.setPaintProperty("trail", "line-color", token("accent")));
    if (this.host.picked) this.open(this.host.rows.get(this.host.picked));
  }

  tip(row) {
    if (!row || row.lat_e7 === null) return void this.popup.remove();
    const text = make("div", {}, make("strong", {}, row.name), stateElement(stateOf(row), stateWords(row)), make("span", { className: "muted small" }, age(row.fix_at_ms)));
    this.popup.setLngLat([row.lon_e7 / 1e7, row.lat_e7 / 1e7]).setDOMContent(text).addTo(this.map);
  }

  open(row) {
    this.popup.remove();
    this.element.hidden = !row;
    this.trail = [];
    this.line();
    if (!row) return;
    const close = make("button", { type: "button", className: "btn small quiet", ariaLabel: "Close" }, "Close");
    close.addEventListener("click", () => this.host.pick(null));
    const follow = make("label", { className: "check small" }, make("input", { type: "checkbox", checked: this.follows }), " Follow");
    follow.firstElementChild.addEventListener("change", (event) => {
      this.follows = event.target.checked;
      this.update(this.host.rows.get(this.host.picked));
    });
    const hours = make("select", { ariaLabel: "Trail" }, ...[0, 1, 6, 24].map((count) => make("option", { value: count, selected: count === this.hours }, count ? `Trail ${count} h` : "No trail")));
    hours.addEventListener("change", () => {
      this.hours = Number(hours.value);
      this.load(row);
    });
    this.facts = make("dl", { className: "kv" });
    const name = make("h2", {}, row.name);
    const links = make("div", { className: "acts" });
    if (row.vehicle_id) links.append(make("a", { className: "btn small first", href: `/vehicles/${row.vehicle_id}/trips` }, "Trips"), make("a", { className: "btn small", href: `/vehicles/${row.vehicle_id}` }, "Details"));
    this.element.replaceChildren(make("header", {}, name, close), make("div", { className: "body stack" }, this.facts, make("div", { className: "acts" }, hours, follow), links));
    this.update(row);
    this.load(row);
  }

  async load(row) {
    if (!this.hours || !row.vehicle_id) {
      this.trail = [];
      return this.line();
    }
    const wanted = row.device_id;
    const from = Date.now() - this.hours * HOUR_MS;
    try {
      const found = await ask(`/vehicles/${row.vehicle_id}/positions?from=${from}&step_s=${this.hours * 10}`);
      if (wanted !== this.host.picked) return;
      this.trail = found.at_ms.map((at, index) => [at, found.lon_e7[index], found.lat_e7[index]]).filter((fix, index) => found.valid[index] && fix[1] !== null);
      this.line();
    } catch {
      this.trail = []; // a member may not see the way; the marker says enough
    }
  }

  line() {
    const places = this.trail.map(([, lon, lat]) => [lon / 1e7, lat / 1e7]);
    this.map.getSource("trail")?.setData(places.length > 1 ? { type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: places } } : NOTHING);
  }

  update(row) {
    if (!row || this.element.hidden || !this.facts) return;
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
    if (this.follows && row.lat_e7 !== null) this.map.easeTo({ center: [row.lon_e7 / 1e7, row.lat_e7 / 1e7], duration: 150 });
  }
}

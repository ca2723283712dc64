// Buttons on the live map: full screen, clusters, solar sites, a measure, the link to just this view, a lighter map.
import { ask } from "../lib/api.js";
import { fill, setLight, wantsLight } from "../lib/base.js";
import { distance, make } from "../lib/read.js";
import { onTheme, token } from "../lib/theme.js";

const NOTHING = { type: "FeatureCollection", features: [] };
const EARTH_KM = 6371.0088;
const SAID_MS = 1500;
const ICONS = {
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  clusters: "M8 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM17 11a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM15 20a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z",
  sites: "M7 7h10v10H7zM12 1v3M12 20v3M1 12h3M20 12h3M4.5 4.5l1.8 1.8M17.7 17.7l1.8 1.8M4.5 19.5l1.8-1.8M17.7 6.3l1.8-1.8",
  measure: "M3 17L17 3l4 4L7 21zM7 13l2 2M10 10l2 2M13 7l2 2",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1-1",
  light: "M3 6l6-2 6 2 6-2v14l-6 2-6-2-6 2z",
};

function icon(name) {
  const found = make("span", { className: "glyph" });
  found.innerHTML = `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
  return found;
}

/** Along the surface, in km. @param {[number, number][]} places degrees */
export function lengthOf(places) {
  const part = (value) => (value * Math.PI) / 180;
  let sum = 0;
  for (let index = 1; index < places.length; index++) {
    const [[fromLon, fromLat], [lon, lat]] = [places[index - 1], places[index]];
    const across = Math.sin(part(lat - fromLat) / 2) ** 2 + Math.cos(part(lat)) * Math.cos(part(fromLat)) * Math.sin(part(lon - fromLon) / 2) ** 2;
    sum += 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(across)));
  }
  return sum;
}

/** A line that people draw point by point, by pointer or by keys, and how long it is. */
export class Measure {
  constructor(map, host) {
    this.map = map;
    this.on = false;
    /** Called with whether it is in use, when that changes. @param {boolean} on */
    this.onTurn = (on) => void on;
    /** @type {[number, number][]} */
    this.places = [];
    this.text = make("span", { role: "status" });
    const act = (words, does) => {
      const button = make("button", { type: "button", className: "btn small" }, words);
      button.addEventListener("click", does);
      return button;
    };
    this.panel = make("section", { className: "measure card", hidden: true, ariaLabel: "Measure" }, this.text, act("Undo", () => this.back()), act("Done", () => this.turn(false)));
    host.querySelector("[data-canvas]").append(this.panel, (this.cross = make("span", { className: "cross", hidden: true })));
    map.getCanvas().addEventListener("keydown", (event) => this.key(event));
  }

  turn(on) {
    this.on = on;
    this.places = [];
    this.panel.hidden = this.cross.hidden = !on;
    this.map.getCanvas().style.cursor = on ? "crosshair" : "";
    this.map.doubleClickZoom[on ? "disable" : "enable"]();
    if (on) this.map.getCanvas().focus();
    this.show();
    this.onTurn(on);
  }

  /** Enter sets a point in the middle of the map, which the arrows move. */
  key(event) {
    if (!this.on) return;
    if (event.key === "Enter") this.add(this.map.getCenter());
    else if (event.key === "Backspace") this.back();
    else if (event.key === "Escape") this.turn(false);
    else return;
    event.preventDefault();
  }

  add({ lng, lat }) {
    this.places.push([lng, lat]);
    this.show();
  }

  back() {
    this.places.pop();
    this.show();
  }

  show() {
    this.layer();
    const line = { type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: this.places } };
    const points = this.places.map((coordinates) => ({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates } }));
    fill(this.map, "measure", { type: "FeatureCollection", features: this.places.length > 1 ? [line, ...points] : points });
    this.text.textContent = this.places.length > 1 ? `${distance(lengthOf(this.places))}, ${this.places.length} points` : "Click points, or move the map and press Enter.";
  }

  layer() {
    if (this.map.getSource("measure") || !this.on) return;
    this.map.addSource("measure", { type: "geojson", data: NOTHING });
    this.map.addLayer({ id: "measure", type: "line", source: "measure", paint: { "line-width": 2.5, "line-dasharray": [2, 1.5] } });
    this.map.addLayer({ id: "measure-points", type: "circle", source: "measure", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 4.5, "circle-stroke-width": 2 } });
    const paint = () => {
      this.map.setPaintProperty("measure", "line-color", token("text"));
      this.map.setPaintProperty("measure-points", "circle-color", token("surface"));
      this.map.setPaintProperty("measure-points", "circle-stroke-color", token("text"));
    };
    paint();
    onTheme(paint);
  }
}

/** The places of all solar systems that the visitor may see. @returns {Promise<any[]>} */
export async function solarSites() {
  const found = [];
  let cursor = "";
  do {
    const page = await ask(`/solar/resources?limit=1000${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    found.push(...page.items);
    cursor = page.next;
  } while (cursor);
  return found;
}

/** A control of MapLibre with all buttons. */
export class MapTools {
  /** @param {any} host the live map */
  constructor(host) {
    this.host = host;
    this.buttons = {};
  }

  onAdd() {
    const group = make("div", { className: "maplibregl-ctrl maplibregl-ctrl-group tools", role: "group", ariaLabel: "Map tools" });
    const add = (name, words, does, pressed) => {
      const button = make("button", { type: "button", title: words, ariaLabel: words }, icon(name));
      if (pressed !== undefined) button.ariaPressed = String(pressed);
      button.addEventListener("click", () => does(button));
      group.append(button);
      this.buttons[name] = button;
    };
    const { host } = this;
    if (document.fullscreenEnabled) add("full", "Full screen", () => this.full());
    add("clusters", "Clusters", (button) => this.press(button, (on) => host.setClusters(on)), host.clusters);
    add("sites", "Solar sites", (button) => this.press(button, (on) => host.setSites(on)), host.sites);
    add("measure", "Measure", (button) => this.press(button, (on) => host.measure.turn(on)), false);
    add("light", "Simple map", (button) => this.press(button, (on) => setLight(host.map, on)), wantsLight(host.map));
    add("link", "Copy link to this view", (button) => this.copy(button));
    host.measure.onTurn = (on) => (this.buttons.measure.ariaPressed = String(on));
    return (this.element = group);
  }

  onRemove() {
    this.element.remove();
  }

  press(button, does) {
    const on = button.ariaPressed !== "true";
    button.ariaPressed = String(on);
    does(on);
  }

  full() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.host.requestFullscreen();
  }

  async copy(button) {
    this.host.address();
    let said = "Link copied";
    try {
      await navigator.clipboard.writeText(location.href);
    } catch {
      said = "The address bar has the link"; // no permission, or no secure address
    }
    this.host.notice(said);
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), SAID_MS);
  }
}

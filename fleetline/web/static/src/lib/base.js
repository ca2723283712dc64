// A map of our own: land and borders that came with the program, in the page's colours, with a grid where there is nothing else to see.
import { Map as Canvas, NavigationControl, ScaleControl, addProtocol, setWorkerUrl } from "maplibre-gl";
import { imperial } from "./read.js";
import { onTheme, token } from "./theme.js";

const NOTHING = { type: "FeatureCollection", features: [] };
const FINE_ZOOM = 3.2;
const GRID_ZOOM = 6;
const TOWN_ZOOM = 3.5;
const SETTLE_MS = 800;
/** Between two drawings of a map that stands still on a machine without a graphics card. */
const CALM_MS = 300;
/** Cities alone are named up to here. */
const SQUARES_ZOOM = 6.9;
/** Degrees of a side of one file of towns, and how many go around the world. */
const SQUARE = 10;
const AROUND = 360 / SQUARE;
/** Where the lines of the states of the one country that came with them are: west, south, east, north. */
/** @type {[number, number, number, number]} */
const STATES_BOX = [-180, 18, -66, 72];
/** No finer tiles than these are cut of what is coarse itself: fewer of them, and each is made once. */
const COARSE_ZOOM = 3;
const FINE_TILES = 6;

const FONT = ["Inter"];
const text = (strength) => ({ "text-color": token("label"), "text-halo-color": token("land"), "text-halo-width": 1.4, "text-opacity": strength });

/** The address of a built file beside this script. @param {string} name */
const fileOf = (name) => new URL(FILES[name], import.meta.url).href;
/**
 * New data, or the address of them, for a source of features; nothing where the map has no such source yet.
 * @param {import("maplibre-gl").Map} map @param {string} name @param {any} data
 */
export const fill = (map, name, data) => /** @type {any} */ (map.getSource(name))?.setData(data);
const contentOf = async (name) => (await fetch(fileOf(name))).json();

/** Cities of the world, and from closer by the towns of the squares that are in view, each file fetched once. */
class Towns {
  constructor(map) {
    this.map = map;
    this.known = new Set();
    this.features = [];
    /** @type {Promise<Record<string, string>> | null} */
    this.squares = null;
  }

  async look() {
    const box = this.map.getBounds();
    const wanted = { cities: FILES.cities };
    if (this.map.getZoom() > SQUARES_ZOOM) {
      const files = await (this.squares ||= contentOf("squares"));
      for (let x = Math.floor(box.getWest() / SQUARE); x <= Math.floor(box.getEast() / SQUARE); x++) {
        for (let y = Math.floor(box.getSouth() / SQUARE); y <= Math.floor(box.getNorth() / SQUARE); y++) {
          const key = `${((((x + AROUND / 2) % AROUND) + AROUND) % AROUND) - AROUND / 2},${y}`;
          wanted[key] = files[key];
        }
      }
    }
    const missing = Object.keys(wanted).filter((key) => wanted[key] && !this.known.has(key));
    for (const key of missing) this.known.add(key);
    const found = await Promise.all(missing.map(async (key) => (await fetch(new URL(wanted[key], import.meta.url))).json()));
    for (const square of found) this.features.push(...townsOf(square));
    if (found.length) fill(this.map, "towns", { type: "FeatureCollection", features: this.features });
  }
}

function townsOf(square) {
  return square.names.split("\n").map((name, index) => ({
    type: "Feature", properties: { name, k: square.thousands[index] },
    geometry: { type: "Point", coordinates: [square.lon[index] / 1000, square.lat[index] / 1000] },
  }));
}

const kind = (name) => ["==", ["get", "kind"], name];

/** @returns {any[]} as the style has them */
function layers() {
  return [
    { id: "water", type: "background", paint: { "background-color": token("water") } },
    { id: "land", type: "fill", source: "land", filter: kind("land"), paint: { "fill-color": token("land"), "fill-antialias": true } },
    { id: "grid", type: "line", source: "grid", paint: { "line-color": token("border"), "line-width": 0.6, "line-opacity": 0.5 } },
    { id: "states", type: "line", source: "states", paint: { "line-color": token("border"), "line-width": 0.6, "line-opacity": 0.8 } },
    {
      id: "towns", type: "symbol", source: "towns", minzoom: 3.5,
      filter: ["step", ["zoom"], [">=", ["get", "k"], 1000], 5, [">=", ["get", "k"], 300], 7, [">=", ["get", "k"], 80], 8, [">=", ["get", "k"], 30], 9, [">=", ["get", "k"], 12], 10, true],
      layout: {
        "text-field": ["get", "name"], "text-font": FONT, "text-padding": 6, "symbol-sort-key": ["-", 0, ["get", "k"]],
        "text-size": ["interpolate", ["linear"], ["zoom"], 4, ["step", ["get", "k"], 10, 1000, 12], 12, ["step", ["get", "k"], 12, 50, 14, 300, 17]],
      },
      paint: text(0.9),
    },
    {
      id: "countries", type: "symbol", source: "land", filter: kind("name"), maxzoom: 6, minzoom: 1.8,
      layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": 12, "text-letter-spacing": 0.08, "text-transform": "uppercase", "text-max-width": 7, "text-padding": 8, "symbol-sort-key": ["-", 0, ["get", "size"]] },
      paint: text(0.75),
    },
    { id: "borders", type: "line", source: "land", filter: kind("border"), paint: { "line-color": token("border"), "line-width": ["interpolate", ["linear"], ["zoom"], 1, 0.6, 8, 1.4] } },
  ];
}

/** @param {import("maplibre-gl").LngLatBounds} bounds @param {number[]} box */
const meets = (bounds, [west, south, east, north]) => bounds.getWest() < east && bounds.getEast() > west && bounds.getSouth() < north && bounds.getNorth() > south;

/** Whether the processor draws what a graphics card should: then every pixel counts. @param {import("maplibre-gl").Map} map */
function isSoftware(map) {
  const gl = map.getCanvas().getContext("webgl2");
  const named = gl?.getExtension("WEBGL_debug_renderer_info");
  return Boolean(named) && /swiftshader|llvmpipe|software|basic render/i.test(String(gl.getParameter(named.UNMASKED_RENDERER_WEBGL)));
}

const CHOSEN = "fleetline-map";
function chosen() {
  try {
    return localStorage.getItem(CHOSEN);
  } catch {
    return null; // a browser that keeps nothing
  }
}

/** Whether this map is drawn with coarse coasts and without movement. */
export const isLight = (map) => Boolean(map.light);

/** Whether it starts like that: people's own word, else whether there is a graphics card. */
export function wantsLight(map) {
  map.light ??= chosen() ? chosen() === "light" : isSoftware(map);
  return map.light;
}

/** People's own word, kept for the next time. @param {any} map @param {boolean} on */
export function setLight(map, on) {
  map.light = on;
  try {
    localStorage.setItem(CHOSEN, on ? "light" : "full");
  } catch {
    // a browser that keeps nothing: good for this page then
  }
  map.fire("detail");
}

/** Lines of a round number of degrees that fit what is shown. @param {import("maplibre-gl").Map} map */
function grid(map) {
  if (map.getZoom() < GRID_ZOOM) return NOTHING;
  const box = map.getBounds();
  const span = Math.max(box.getEast() - box.getWest(), 0.0005);
  const step = [10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001].find((size) => span / size >= 5) || 0.001;
  const lines = [];
  const [west, east] = [box.getWest() - span, box.getEast() + span];
  const [south, north] = [Math.max(-85, box.getSouth() - span), Math.min(85, box.getNorth() + span)];
  for (let x = Math.ceil(west / step) * step; x < east; x += step) lines.push([[x, south], [x, north]]);
  for (let y = Math.ceil(south / step) * step; y < north; y += step) lines.push([[west, y], [east, y]]);
  return { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: lines } };
}

/** Fewer drawings where each one holds up the page: only what moves the map is drawn at once. @param {any} map */
function calm(map) {
  const now = map.triggerRepaint.bind(map);
  let seen = "";
  let last = 0;
  let waiting = 0;
  map.triggerRepaint = () => {
    const { lng, lat } = map.getCenter();
    const place = `${lng} ${lat} ${map.getZoom()}`;
    const rest = last + CALM_MS - performance.now();
    if (!isLight(map) || place !== seen || map.isMoving() || rest <= 0) {
      clearTimeout(waiting);
      waiting = 0;
      seen = place;
      last = performance.now();
      return now();
    }
    waiting ||= setTimeout(() => {
      waiting = 0;
      map.triggerRepaint();
    }, rest);
  };
}

/**
 * @param {HTMLElement} container
 * @param {DOMStringMap} data  tiles: the address of streets, empty without
 * @param {{center?: [number, number], zoom?: number, bounds?: any, fitBoundsOptions?: any, still?: boolean}} [options]
 */
export function baseMap(container, data, { center = [10, 30], zoom = 1.4, still = false, ...where } = {}) {
  setWorkerUrl(fileOf("worker"));
  /** @returns {import("maplibre-gl").GeoJSONSourceSpecification} */
  const cut = (data, maxzoom) => ({ type: "geojson", data, tolerance: 0.2, maxzoom });
  const map = new Canvas({
    container, center, zoom, ...where, minZoom: 0.8, maxZoom: 19, attributionControl: { compact: false, customAttribution: "Natural Earth, GeoNames" },
    dragRotate: false, pitchWithRotate: false, touchPitch: false, maxPitch: 0, fadeDuration: 0, renderWorldCopies: true,
    interactive: !still, cooperativeGestures: false,
    style: { version: 8, sources: { land: cut(fileOf("land"), COARSE_ZOOM), states: cut(NOTHING, FINE_TILES), towns: cut(NOTHING, FINE_TILES), grid: { type: "geojson", data: NOTHING } }, layers: layers() },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  if (!still) map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new ScaleControl({ unit: imperial() ? "imperial" : "metric" }), "bottom-left");
  calm(map);
  map.once("style.load", () => map.setPaintProperty("land", "fill-antialias", !wantsLight(map)));
  let fine = false;
  let divided = false;
  let known = null;
  let settled = false;
  let gridded = false;
  let redraw = () => {};
  const look = () => {
    const lines = grid(map);
    if (lines !== NOTHING || gridded) fill(map, "grid", lines);
    gridded = lines !== NOTHING;
    if (!data.tiles && map.getZoom() > TOWN_ZOOM) (known ||= new Towns(map)).look();
    if (!settled) return;
    if (map.getZoom() < FINE_ZOOM) return;
    if (!fine && !isLight(map)) {
      fine = true;
      fill(map, "land", fileOf("landFine"));
    }
    if (!divided && meets(map.getBounds(), STATES_BOX)) {
      divided = true;
      fill(map, "states", fileOf("states"));
    }
  };
  map.on("load", () => {
    if (data.tiles) import(fileOf("streets")).then(({ addStreets }) => (redraw = addStreets(map, data.tiles, addProtocol)));
    look();
    // fine coasts come after everything that the page is about
    map.once("idle", () =>
      setTimeout(() => {
        settled = true;
        look();
      }, SETTLE_MS),
    );
  });
  map.on("moveend", look);
  /** @type {any} */ (map).on("detail", () => {
    map.setPaintProperty("land", "fill-antialias", !isLight(map));
    if (!isLight(map)) return look();
    fine = false;
    fill(map, "land", fileOf("land"));
  });
  onTheme(() => {
    for (const layer of layers()) for (const [name, value] of Object.entries(layer.paint)) /** @type {any} */ (map).setPaintProperty(layer.id, name, value);
    redraw();
    map.triggerRepaint();
  });
  return map;
}

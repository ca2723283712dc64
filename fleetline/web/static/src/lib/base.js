// A map of our own: land and borders that came with the program, in the page's colours, with a grid where there is nothing else to see.
import { Map as Canvas, NavigationControl, ScaleControl, setWorkerUrl } from "maplibre-gl";
import { feature, mesh } from "topojson-client";
import { imperial } from "./read.js";
import { addStreets } from "./streets.js";
import { onTheme, token } from "./theme.js";

const NOTHING = { type: "FeatureCollection", features: [] };
const FINE_ZOOM = 3.2;
const GRID_ZOOM = 6;
const TOWN_ZOOM = 3.5;
const SETTLE_MS = 800;
/** Degrees of a side of one file of towns. */
const SQUARE = 20;

const FONT = ["Inter"];
const text = (strength) => ({ "text-color": token("label"), "text-halo-color": token("land"), "text-halo-width": 1.4, "text-opacity": strength });

/** A name in the middle of the largest part of each country. */
function countryNames(land) {
  return land.features.map(({ properties, geometry }) => {
    const parts = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
    const boxes = parts.map(([ring]) => {
      const [x, y] = [ring.map((point) => point[0]), ring.map((point) => point[1])];
      const [west, east, south, north] = [Math.min(...x), Math.max(...x), Math.min(...y), Math.max(...y)];
      return { size: (east - west) * (north - south), middle: [(west + east) / 2, (south + north) / 2] };
    });
    const { size, middle } = boxes.reduce((best, box) => (box.size > best.size ? box : best));
    return { type: "Feature", properties: { name: properties.name, size }, geometry: { type: "Point", coordinates: middle } };
  });
}

/** Towns of the squares that are in view, each square fetched once. */
class Towns {
  constructor(map, list) {
    this.map = map;
    this.list = fetch(list).then((answer) => answer.json());
    this.known = new Set();
    this.features = [];
  }

  async look() {
    const box = this.map.getBounds();
    const files = await this.list;
    const wanted = [];
    for (let x = Math.floor(box.getWest() / SQUARE); x <= Math.floor(box.getEast() / SQUARE); x++) {
      for (let y = Math.floor(box.getSouth() / SQUARE); y <= Math.floor(box.getNorth() / SQUARE); y++) {
        const key = `${(((x + 9) % 18) + 18) % 18 - 9},${y}`;
        if (files[key] && !this.known.has(key)) wanted.push(key);
      }
    }
    for (const key of wanted) this.known.add(key);
    const found = await Promise.all(wanted.map((key) => fetch(`/static/${files[key]}`).then((answer) => answer.json())));
    for (const square of found) this.features.push(...townsOf(square));
    if (found.length) this.map.getSource("towns")?.setData({ type: "FeatureCollection", features: this.features });
  }
}

function townsOf(square) {
  return square.names.split("\n").map((name, index) => ({
    type: "Feature", properties: { name, k: square.thousands[index] },
    geometry: { type: "Point", coordinates: [square.lon[index] / 1000, square.lat[index] / 1000] },
  }));
}

function layers() {
  return [
    { id: "water", type: "background", paint: { "background-color": token("water") } },
    { id: "land", type: "fill", source: "land", paint: { "fill-color": token("land"), "fill-antialias": true } },
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
      id: "countries", type: "symbol", source: "names", maxzoom: 6, minzoom: 1.8,
      layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": 12, "text-letter-spacing": 0.08, "text-transform": "uppercase", "text-max-width": 7, "text-padding": 8, "symbol-sort-key": ["-", 0, ["get", "size"]] },
      paint: text(0.75),
    },
    { id: "borders", type: "line", source: "borders", paint: { "line-color": token("border"), "line-width": ["interpolate", ["linear"], ["zoom"], 1, 0.6, 8, 1.4] } },
  ];
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

/** A ring across the date line as one that goes on beyond 180 degrees; one that goes around a pole stays as it is. */
function unbroken(ring) {
  let turn = 0;
  const whole = ring.map(([x, y], index) => {
    if (index && Math.abs(x - ring[index - 1][0]) > 180) turn += x < ring[index - 1][0] ? 360 : -360;
    return [x + turn, y];
  });
  return turn === 0 ? whole : ring;
}

function withoutDateLine(land) {
  for (const { geometry } of land.features) {
    const parts = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
    for (const part of parts) part.forEach((ring, index) => (part[index] = unbroken(ring)));
  }
  return land;
}

/** @param {string} url @param {string} object */
async function topology(url, object) {
  const answer = await fetch(url);
  const found = await answer.json();
  return { land: withoutDateLine(feature(found, found.objects[object])), lines: mesh(found, found.objects[object], (a, b) => a !== b) };
}

/**
 * @param {HTMLElement} container
 * @param {DOMStringMap} data  addresses: worker, land, landFine, states
 * @param {{center?: [number, number], zoom?: number, still?: boolean}} [options]
 */
export function baseMap(container, data, { center = [10, 30], zoom = 1.4, still = false } = {}) {
  setWorkerUrl(new URL(data.worker || "", location.href).href);
  const empty = () => ({ type: "geojson", data: NOTHING, tolerance: 0.2 });
  const map = new Canvas({
    container, center, zoom, minZoom: 0.8, maxZoom: 19, attributionControl: { compact: false, customAttribution: "Natural Earth, GeoNames" },
    dragRotate: false, pitchWithRotate: false, touchPitch: false, maxPitch: 0, fadeDuration: 0, renderWorldCopies: true,
    interactive: !still, cooperativeGestures: false,
    style: { version: 8, sources: { land: empty(), borders: empty(), states: empty(), towns: empty(), names: empty(), grid: { type: "geojson", data: NOTHING } }, layers: layers() },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  if (!still) map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new ScaleControl({ unit: imperial() ? "imperial" : "metric" }), "bottom-left");
  let fine = false;
  let known = null;
  let settled = false;
  let redraw = () => {};
  const show = async (url, detailed) => {
    const { land, lines } = await topology(url, "countries");
    if (fine && !detailed) return;
    map.getSource("land")?.setData(land);
    map.getSource("borders")?.setData(lines);
    map.getSource("names")?.setData({ type: "FeatureCollection", features: countryNames(land) });
  };
  const look = () => {
    map.getSource("grid")?.setData(grid(map));
    if (!settled) return;
    if (data.places && !data.tiles && map.getZoom() > TOWN_ZOOM) (known ||= new Towns(map, data.places)).look();
    if (!fine && map.getZoom() > FINE_ZOOM) {
      fine = true;
      show(data.landFine || "", true);
      topology(data.states || "", "states").then(({ lines }) => map.getSource("states")?.setData(lines));
    }
  };
  map.on("load", () => {
    show(data.land || "", false);
    if (data.tiles) redraw = addStreets(map, data.tiles);
    look();
    // towns and fine coasts come after everything that the page is about
    map.once("idle", () =>
      setTimeout(() => {
        settled = true;
        look();
      }, SETTLE_MS),
    );
  });
  map.on("moveend", look);
  onTheme(() => {
    for (const layer of layers()) for (const [name, value] of Object.entries(layer.paint)) map.setPaintProperty(layer.id, name, value);
    redraw();
    map.triggerRepaint();
  });
  return map;
}

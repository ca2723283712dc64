// A map of our own: land and borders that came with the program, in the page's colours, with a grid where there is nothing else to see.
import { Map as Canvas, NavigationControl, ScaleControl, setWorkerUrl } from "maplibre-gl";
import { feature, mesh } from "topojson-client";
import { imperial } from "./read.js";
import { onTheme, token } from "./theme.js";

const NOTHING = { type: "FeatureCollection", features: [] };
const FINE_ZOOM = 3.2;
const GRID_ZOOM = 6;

function layers() {
  return [
    { id: "water", type: "background", paint: { "background-color": token("water") } },
    { id: "land", type: "fill", source: "land", paint: { "fill-color": token("land"), "fill-antialias": true } },
    { id: "grid", type: "line", source: "grid", paint: { "line-color": token("border"), "line-width": 0.6, "line-opacity": 0.5 } },
    { id: "states", type: "line", source: "states", paint: { "line-color": token("border"), "line-width": 0.6, "line-opacity": 0.8 } },
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

/** @param {string} url @param {string} object */
async function topology(url, object) {
  const answer = await fetch(url);
  const found = await answer.json();
  return { land: feature(found, found.objects[object]), lines: mesh(found, found.objects[object], (a, b) => a !== b) };
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
    container, center, zoom, minZoom: 0.8, maxZoom: 19, attributionControl: { compact: false, customAttribution: "Natural Earth" },
    dragRotate: false, pitchWithRotate: false, touchPitch: false, maxPitch: 0, fadeDuration: 0, renderWorldCopies: true,
    interactive: !still, cooperativeGestures: false,
    style: { version: 8, sources: { land: empty(), borders: empty(), states: empty(), grid: { type: "geojson", data: NOTHING } }, layers: layers() },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  if (!still) map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new ScaleControl({ unit: imperial() ? "imperial" : "metric" }), "bottom-left");
  let fine = false;
  const show = async (url, detailed) => {
    const { land, lines } = await topology(url, "countries");
    if (fine && !detailed) return;
    map.getSource("land")?.setData(land);
    map.getSource("borders")?.setData(lines);
  };
  const look = () => {
    map.getSource("grid")?.setData(grid(map));
    if (!fine && map.getZoom() > FINE_ZOOM) {
      fine = true;
      show(data.landFine || "", true);
      topology(data.states || "", "states").then(({ lines }) => map.getSource("states")?.setData(lines));
    }
  };
  map.on("load", () => {
    if (map.getZoom() <= FINE_ZOOM) show(data.land || "", false);
    look();
  });
  map.on("moveend", look);
  onTheme(() => {
    for (const layer of layers()) for (const [name, value] of Object.entries(layer.paint)) map.setPaintProperty(layer.id, name, value);
    map.triggerRepaint();
  });
  return map;
}

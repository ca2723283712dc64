// The operator's own street map out of one PMTiles file, in the page's colours; without a file nothing of this is used.
import { layers, namedFlavor } from "@protomaps/basemaps";
import { Protocol } from "pmtiles";
import { isDark } from "../lib/theme.js";

const OURS = ["grid", "states", "borders", "towns", "countries"];

function streetLayers() {
  const found = layers("streets", namedFlavor(isDark() ? "dark" : "light"), { lang: "en" });
  // no pictures are served, and letters are drawn by the browser
  const plain = found.filter((layer) => layer.type !== "background" && !layer.layout?.["icon-image"]);
  return plain.map((layer) => {
    const named = { ...layer, id: `streets-${layer.id}` };
    return layer.type === "symbol" ? { ...named, layout: { ...layer.layout, "text-font": ["Inter"] } } : named;
  });
}

/**
 * Puts streets above land and below everything that moves.
 * @param {import("maplibre-gl").Map} map @param {string} address @param {typeof import("maplibre-gl").addProtocol} addProtocol  of the page's own MapLibre
 */
export function addStreets(map, address, addProtocol) {
  addProtocol("pmtiles", new Protocol().tile);
  map.addSource("streets", { type: "vector", url: `pmtiles://${new URL(address, location.href).href}`, attribution: "© OpenStreetMap contributors" });
  let shown = [];
  const draw = () => {
    for (const layer of shown) map.removeLayer(layer.id);
    shown = streetLayers();
    for (const layer of shown) map.addLayer(layer, "grid");
  };
  for (const id of OURS) map.setLayoutProperty(id, "visibility", "none");
  draw();
  return draw;
}

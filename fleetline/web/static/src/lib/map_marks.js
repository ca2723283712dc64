// What the base map itself draws of the fleet: names beside few vehicles, clusters in place of many.
import { fill } from "./base.js";
import { onTheme, token } from "./theme.js";

const NOTHING = { type: "FeatureCollection", features: [] };
const FONT = ["Inter"];
const point = (coordinates, properties) => ({ type: "Feature", properties, geometry: { type: "Point", coordinates } });

export class MapMarks {
  /** @param {import("maplibre-gl").Map} map  a loaded one */
  constructor(map) {
    this.map = map;
    this.named = this.clustered = 0;
    map.addSource("tags", { type: "geojson", data: NOTHING });
    map.addSource("clusters", { type: "geojson", data: NOTHING });
    map.addLayer({
      id: "tags", type: "symbol", source: "tags", minzoom: 7,
      layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": 12, "text-offset": [0, 1.3], "text-anchor": "top", "text-optional": true, "text-max-width": 12 },
    });
    map.addLayer({
      id: "clusters", type: "circle", source: "clusters",
      paint: { "circle-radius": ["step", ["get", "count"], 13, 10, 16, 100, 19, 1000, 23, 10_000, 27], "circle-stroke-width": 2.5 },
    });
    map.addLayer({
      id: "cluster-counts", type: "symbol", source: "clusters",
      layout: { "text-field": ["get", "text"], "text-font": FONT, "text-size": 12, "text-allow-overlap": true, "text-ignore-placement": true },
    });
    this.paint();
    onTheme(() => this.paint());
  }

  paint() {
    const set = (layer, values) => Object.entries(values).forEach(([name, value]) => /** @type {any} */ (this.map).setPaintProperty(layer, name, value));
    set("tags", { "text-color": token("text"), "text-halo-color": token("surface"), "text-halo-width": 1.6 });
    set("clusters", {
      "circle-color": token("surface"),
      "circle-stroke-color": ["case", [">", ["get", "alarm"], 0], token("alarm"), [">", ["get", "moving"], 0], token("moving"), token("offline")],
    });
    set("cluster-counts", { "text-color": token("text") });
  }

  /** Names beside marks; where there are none, and were none, nothing is done. @param {[string, number, number][]} names degrees x 10,000,000 */
  names(names) {
    if (!names.length && !this.named) return;
    this.named = names.length;
    this.put("tags", names.map(([name, lon, lat]) => point([lon / 1e7, lat / 1e7], { name })));
  }

  /** @param {[number, number, number, number, number][] | null} clusters  lon, lat, how many, of those moving and alarmed */
  clusters(clusters) {
    const found = clusters || [];
    if (!found.length && !this.clustered) return;
    this.clustered = found.length;
    const short = (count) => (count < 10_000 ? String(count) : `${Math.round(count / 1000)}k`);
    this.put("clusters", found.map(([lon, lat, count, moving, alarm]) => point([lon, lat], { count, moving, alarm, text: short(count) })));
  }

  put(source, features) {
    fill(this.map, source, { type: "FeatureCollection", features });
  }

  /** The middle of the cluster at a point of the canvas, null where there is none. */
  clusterAt(at) {
    const found = this.clustered ? this.map.queryRenderedFeatures(at, { layers: ["clusters"] })[0] : null;
    return found ? found.geometry.coordinates : null;
  }
}

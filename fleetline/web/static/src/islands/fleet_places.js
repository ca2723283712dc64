// Where the members of a solar fleet stand, as squares by size over the land: a drawing, not a map to walk on.
import { feature } from "topojson-client";
import { onTheme, token } from "../lib/theme.js";

const WIDTH = 640;
const HEIGHT = 420;

class FleetPlaces extends HTMLElement {
  async connectedCallback() {
    this.places = [...this.querySelectorAll("i")].map(({ dataset }) => ({ lat: Number(dataset.lat), lon: Number(dataset.lon), kw: Number(dataset.kw), name: dataset.name }));
    const found = await (await fetch(this.dataset.land)).json();
    this.land = feature(found, found.objects.countries).features;
    this.canvas = document.createElement("canvas");
    this.canvas.width = WIDTH;
    this.canvas.height = HEIGHT;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", `${this.places.length} places: ${this.places.slice(0, 8).map((place) => place.name).join(", ")}; the table of members has all of them`);
    this.append(this.canvas);
    this.draw();
    this.ends = onTheme(() => this.draw());
  }

  disconnectedCallback() {
    this.ends?.();
  }

  draw() {
    const context = this.canvas.getContext("2d");
    const lons = this.places.map((place) => place.lon);
    const lats = this.places.map((place) => place.lat);
    const [lon, lat] = [(Math.min(...lons) + Math.max(...lons)) / 2, (Math.min(...lats) + Math.max(...lats)) / 2];
    const stretch = Math.cos((lat * Math.PI) / 180);
    const span = Math.max(6, (Math.max(...lons) - Math.min(...lons)) * 1.4, ((Math.max(...lats) - Math.min(...lats)) * 1.4 * WIDTH) / HEIGHT / stretch);
    const scale = WIDTH / span;
    const at = ([x, y]) => [WIDTH / 2 + (x - lon) * scale, HEIGHT / 2 - ((y - lat) * scale) / stretch];
    context.fillStyle = token("water");
    context.fillRect(0, 0, WIDTH, HEIGHT);
    context.fillStyle = token("land");
    context.strokeStyle = token("border");
    context.lineWidth = 1.5;
    for (const { geometry } of this.land) {
      context.beginPath();
      for (const shape of geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates) {
        for (const ring of shape) ring.forEach((point, index) => (index ? context.lineTo(...at(point)) : context.moveTo(...at(point))));
      }
      context.fill("evenodd");
      context.stroke();
    }
    const most = Math.max(...this.places.map((place) => place.kw), 1);
    for (const place of [...this.places].sort((a, b) => b.kw - a.kw)) {
      const [x, y] = at([place.lon, place.lat]);
      const size = 10 + 34 * Math.sqrt(place.kw / most);
      context.fillStyle = "#f0c33c";
      context.strokeStyle = token("outline");
      context.lineWidth = 3;
      context.globalAlpha = 0.85;
      context.fillRect(x - size / 2, y - size / 2, size, size);
      context.globalAlpha = 1;
      context.strokeRect(x - size / 2, y - size / 2, size, size);
    }
  }
}

customElements.define("fleet-places", FleetPlaces);

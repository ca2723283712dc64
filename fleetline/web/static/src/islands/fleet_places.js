// Where solar resources stand, as suns by size over land and towns: a drawing to look at and to choose from, the list beside it is its equal.
import { make, number } from "../lib/read.js";
import { onTheme, token } from "../lib/theme.js";

const RATIO = 0.66;
const FINE_SPAN = 14;
const LEAST_SPAN = 1.6;
const SQUARE = 10;
const MOST_TOWNS = 60;
const MOST_NAMES = 12;

class FleetPlaces extends HTMLElement {
  async connectedCallback() {
    this.places = [...this.querySelectorAll("li")].map((item) => ({
      lat: Number(item.dataset.lat), lon: Number(item.dataset.lon), kw: Number(item.dataset.kw), name: item.textContent.trim(), href: item.dataset.href,
    }));
    this.canvas = make("canvas", { role: "img" });
    this.canvas.setAttribute("aria-label", `${this.places.length}: ${this.places.slice(0, 8).map((place) => `${place.name}, ${number(place.kw, 0)} kW`).join("; ")}`);
    this.tip = make("p", { className: "tip small num", hidden: true });
    this.append(this.canvas, this.tip);
    this.look();
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this);
    this.ends = onTheme(() => this.draw());
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => this.tell(null));
    this.canvas.addEventListener("click", (event) => this.at(event)?.href && location.assign(this.at(event).href));
    const fine = this.span < FINE_SPAN;
    const [land, towns] = await Promise.all([this.fetchLand(fine ? this.dataset.fine : this.dataset.land), fine ? this.fetchTowns() : []]);
    Object.assign(this, { land, towns });
    this.draw();
  }

  disconnectedCallback() {
    this.ends?.();
    this.sizes?.disconnect();
  }

  /** The middle and the degrees across of what is shown. */
  look() {
    const lons = this.places.map((place) => place.lon);
    const lats = this.places.map((place) => place.lat);
    this.middle = [(Math.min(...lons) + Math.max(...lons)) / 2, (Math.min(...lats) + Math.max(...lats)) / 2];
    this.stretch = Math.cos((this.middle[1] * Math.PI) / 180);
    this.span = Math.max(LEAST_SPAN, (Math.max(...lons) - Math.min(...lons)) * 1.5, ((Math.max(...lats) - Math.min(...lats)) * 1.5) / RATIO / this.stretch);
  }

  async fetchLand(url) {
    const found = await (await fetch(url)).json();
    return found.features.filter(({ properties }) => properties.kind !== "name");
  }

  /** The largest towns in view. */
  async fetchTowns() {
    const files = await (await fetch(this.dataset.towns)).json();
    const [west, east] = [this.middle[0] - this.span / 2, this.middle[0] + this.span / 2];
    const high = (this.span * RATIO * this.stretch) / 2;
    const keys = new Set(["cities"]);
    for (const lon of [west, east]) for (const lat of [this.middle[1] - high, this.middle[1] + high]) keys.add(`${Math.floor(lon / SQUARE)},${Math.floor(lat / SQUARE)}`);
    const squares = await Promise.all([...keys].filter((key) => files[key]).map(async (key) => (await fetch(`/static/${files[key]}`)).json()));
    const found = squares.flatMap((square) =>
      square.names.split("\n").map((name, index) => ({ name, lon: square.lon[index] / 1000, lat: square.lat[index] / 1000, k: square.thousands[index] })),
    );
    const seen = found.filter((town) => town.lon > west && town.lon < east && Math.abs(town.lat - this.middle[1]) < high);
    return seen.sort((a, b) => b.k - a.k).slice(0, MOST_TOWNS);
  }

  project(lon, lat) {
    const scale = this.width / this.span;
    return [this.width / 2 + (lon - this.middle[0]) * scale, this.height / 2 - ((lat - this.middle[1]) * scale) / this.stretch];
  }

  radius(kw) {
    const most = Math.max(...this.places.map((place) => place.kw), 1);
    return 5 + 17 * Math.sqrt(kw / most);
  }

  draw() {
    this.width = Math.max(200, this.clientWidth);
    this.height = Math.round(this.width * RATIO);
    const dense = devicePixelRatio || 1;
    if (this.canvas.width !== this.width * dense) Object.assign(this.canvas, { width: this.width * dense, height: this.height * dense });
    const context = this.canvas.getContext("2d");
    context.setTransform(dense, 0, 0, dense, 0, 0);
    context.fillStyle = token("water");
    context.fillRect(0, 0, this.width, this.height);
    this.drawLand(context);
    this.drawTowns(context);
    for (const place of [...this.places].sort((a, b) => b.kw - a.kw)) this.drawSun(context, place);
  }

  drawLand(context) {
    context.fillStyle = token("land");
    context.strokeStyle = token("border");
    context.lineWidth = 1;
    const trace = (line) => line.forEach(([lon, lat], index) => (index ? context.lineTo(...this.project(lon, lat)) : context.moveTo(...this.project(lon, lat))));
    for (const { properties, geometry } of /** @type {any} */ (this).land || []) {
      context.beginPath();
      if (properties.kind === "border") geometry.coordinates.forEach(trace);
      else for (const part of geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates) part.forEach(trace);
      if (properties.kind !== "border") context.fill("evenodd");
      context.stroke();
    }
  }

  drawTowns(context) {
    context.font = "11px Inter, system-ui, sans-serif";
    context.textBaseline = "middle";
    const taken = this.places.map((place) => [...this.project(place.lon, place.lat), this.radius(place.kw) + 4]);
    let named = 0;
    for (const town of /** @type {any} */ (this).towns || []) {
      if (named >= MOST_NAMES) return;
      const [x, y] = this.project(town.lon, town.lat);
      const wide = context.measureText(town.name).width + 10;
      const hits = taken.some(([ox, oy, size]) => x < ox + size && x + wide > ox - size && Math.abs(y - oy) < size + 7);
      if (hits || x + wide > this.width || y < 8 || y > this.height - 8) continue;
      named += 1;
      taken.push([x + wide / 2, y, wide / 2]);
      context.fillStyle = token("control");
      context.beginPath();
      context.arc(x, y, 1.5, 0, 7);
      context.fill();
      context.lineWidth = 3;
      context.strokeStyle = token("land");
      context.strokeText(town.name, x + 5, y);
      context.fillStyle = token("label");
      context.fillText(town.name, x + 5, y);
    }
  }

  drawSun(context, place) {
    const [x, y] = this.project(place.lon, place.lat);
    context.beginPath();
    context.arc(x, y, this.radius(place.kw), 0, 7);
    context.globalAlpha = 0.78;
    context.fillStyle = "#f0c33c";
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = place === this.shown ? 3 : 1.5;
    context.strokeStyle = token("outline");
    context.stroke();
  }

  /** The smallest sun under the pointer. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    const hit = this.places.filter((place) => {
      const [x, y] = this.project(place.lon, place.lat);
      return (x - px) ** 2 + (y - py) ** 2 <= Math.max(10, this.radius(place.kw)) ** 2;
    });
    return hit.sort((a, b) => a.kw - b.kw)[0] ?? null;
  }

  point(event) {
    this.tell(this.at(event));
  }

  tell(place) {
    if (place === this.shown) return;
    this.shown = place;
    this.canvas.classList.toggle("points", Boolean(place));
    this.tip.hidden = !place;
    if (place) this.tip.textContent = `${place.name}, ${number(place.kw, 0)} kW AC`;
    this.draw();
  }
}

customElements.define("fleet-places", FleetPlaces);

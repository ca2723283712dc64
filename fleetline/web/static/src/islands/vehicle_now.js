// Where one vehicle is now, on a small map that moves along by the live events.
import { baseMap } from "../lib/base.js";
import { Markers } from "../lib/markers.js";
import { stateOf } from "../lib/read.js";

class VehicleNow extends HTMLElement {
  connectedCallback() {
    const { lat, lon, course, state, vehicle } = this.dataset;
    /** @type {[number, number]} */
    const place = [Number(lon), Number(lat)];
    this.markers = new Markers();
    try {
      this.map = baseMap(this.querySelector("[data-canvas]"), this.dataset, { center: place, zoom: 12 });
    } catch {
      this.hidden = true;
      return;
    }
    this.map.scrollZoom.disable();
    this.markers.show([{ id: vehicle, lon: place[0], lat: place[1], course: Number(course), state }]);
    this.markers.addTo(this.map);
    this.events = new EventSource(`/api/v1/live/events?vehicle=${vehicle}`);
    for (const kind of ["snapshot", "changed"]) this.events.addEventListener(kind, (event) => this.take(JSON.parse(event.data)));
    this.events.addEventListener("ended", () => this.events.close());
  }

  take(columns) {
    const index = columns.device_id.findLastIndex((_, place) => columns.lat_e7[place] !== null);
    if (index < 0) return;
    /** @type {[number, number]} */
    const place = [columns.lon_e7[index] / 1e7, columns.lat_e7[index] / 1e7];
    const state = stateOf({ alarm: columns.alarm[index], status: columns.status[index] });
    this.markers.show([{ id: this.dataset.vehicle, lon: place[0], lat: place[1], course: columns.course_deg[index] || 0, state }]);
    if (!this.map.getBounds().contains(place)) this.map.jumpTo({ center: place });
  }

  disconnectedCallback() {
    this.events?.close();
    this.map?.remove();
  }
}

customElements.define("vehicle-now", VehicleNow);

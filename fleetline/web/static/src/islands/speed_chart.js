// A vehicle's speed over a span as a chart, with the same in words below it.
import { chart } from "../lib/chart.js";
import { fixesOf, speedSeries } from "../lib/fixes.js";
import { MILES, clock, imperial, make, speed } from "../lib/read.js";

class SpeedChart extends HTMLElement {
  async connectedCallback() {
    const { vehicle, from, to } = this.dataset;
    let fixes;
    try {
      fixes = await fixesOf(vehicle, Number(from), Number(to));
    } catch (fault) {
      return this.replaceChildren(make("p", { className: "muted" }, fault.message));
    }
    if (!fixes.at.length) return this.replaceChildren(make("p", { className: "muted" }, "No positions in these 24 hours."));
    const place = make("div", { className: "plot", role: "img" });
    const words = make("p", { className: "muted small num" });
    this.replaceChildren(place, words);
    const fastest = fixes.speed.reduce((best, value, index) => ((value ?? -1) > (fixes.speed[best] ?? -1) ? index : best), 0);
    const summary = `Fastest ${speed(fixes.speed[fastest])} at ${clock(fixes.at[fastest])}; ${fixes.at.length} positions.`;
    place.setAttribute("aria-label", `Speed over 24 hours. ${summary}`);
    words.textContent = summary;
    const data = speedSeries(fixes, imperial() ? MILES : 1);
    this.drawn = chart(place, (colour) => [{}, { stroke: colour("accent"), width: 1.5, fill: `${colour("accent")}22`, points: { show: false } }], data, {
      height: 160, unit: imperial() ? "mph" : "km/h",
      onCursor: (index) => {
        words.textContent = index === null || data[1][index] == null ? summary : `${clock(data[0][index] * 1000)}: ${Math.round(data[1][index])} ${imperial() ? "mph" : "km/h"}`;
      },
    });
  }

  disconnectedCallback() {
    this.drawn?.end();
  }
}

customElements.define("speed-chart", SpeedChart);

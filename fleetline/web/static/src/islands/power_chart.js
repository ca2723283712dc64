// Power of a resource or a fleet: the past, what a clear sky would give, and, at 24 hours and 7 days, the forecast.
import { Refused, ask } from "../lib/api.js";
import { chart } from "../lib/chart.js";
import { make, moment } from "../lib/read.js";

const HOUR_MS = 3_600_000;
const RANGES = {
  "24h": { back: 24, ahead: 24, period: 900 }, "7d": { back: 168, ahead: 48, period: 3600 },
  "30d": { back: 720, ahead: 0, period: 3600 }, "1y": { back: 8760, ahead: 0, period: 3600 },
};

class PowerChart extends HTMLElement {
  async connectedCallback() {
    const { back, ahead, period } = RANGES[this.dataset.range] || RANGES["24h"];
    const now = Number(this.dataset.now);
    const kinds = (this.dataset.kinds || "").split(" ");
    const series = (kind, from, to) =>
      kinds.includes(kind) && ask(`${this.dataset.path}?kind=${kind}&period_s=${period}${kind === "forecast" ? "" : `&from=${from}`}&to=${to}`).catch((fault) => {
        if (fault instanceof Refused) return { fault };
        throw fault;
      });
    this.replaceChildren(make("p", { className: "muted", role: "status" }, "Computing…"));
    const [past, clear, forecast] = await Promise.all([
      series("past", now - back * HOUR_MS, now), series("clear_sky", now - back * HOUR_MS, now + ahead * HOUR_MS),
      ahead && series("forecast", now, now + ahead * HOUR_MS),
    ]);
    if (!this.isConnected) return;
    if (!past && !clear) return this.replaceChildren(make("p", { className: "muted" }, "No series could be computed."));
    this.draw(past, clear, forecast, period, now);
  }

  draw(past, clear, forecast, period, now) {
    const values = new Map();
    const put = (found, place) => {
      const list = !found || found.fault ? [] : (found.power_ac_kw ?? found.groups[0]?.power_ac_kw ?? []);
      list.forEach((value, index) => {
        const at = found.from_at_ms / 1000 + (index + 0.5) * period;
        if (!values.has(at)) values.set(at, [null, null, null]);
        values.get(at)[place] = value;
      });
      return list;
    };
    const measured = put(past, 0);
    const could = put(clear, 1);
    put(forecast, 2);
    const times = [...values.keys()].sort((a, b) => a - b);
    const data = [times, ...[0, 1, 2].map((place) => times.map((at) => values.get(at)[place]))];
    const plot = make("div", { className: "plot", role: "img" });
    const legend = make("div", { className: "legend-row small" });
    const words = make("p", { className: "muted small num" });
    const seen = measured.length ? measured : could.slice(0, Math.round((now - (clear.from_at_ms || now)) / 1000 / period));
    const energy = seen.reduce((sum, value) => sum + (value ?? 0), 0) * (period / 3600);
    const most = seen.reduce((top, value) => Math.max(top, value ?? 0), 0);
    const summary = `${measured.length ? "" : "Under a clear sky "}${energy.toLocaleString("en", { maximumFractionDigits: 0 })} kWh, at most ${most.toLocaleString("en", { maximumFractionDigits: 1 })} kW`;
    words.textContent = summary;
    plot.setAttribute("aria-label", `Power over ${this.dataset.range}. ${summary}`);
    for (const [name, text] of [["sun", "Past"], ["muted", "Clear sky"], ["accent", "Forecast"]]) {
      if ((name === "accent" && (!forecast || forecast.fault)) || (name === "sun" && !measured.length)) continue;
      const line = name === "muted" && !measured.length ? "line-sun dashed" : `line-${name}`;
      legend.append(make("span", { className: line }, text));
    }
    this.replaceChildren(legend, plot, words);
    this.drawn = chart(
      plot,
      (colour) => [
        {}, { stroke: colour("sun"), width: 2, fill: `${colour("sun")}26`, points: { show: false } },
        measured.length
          ? { stroke: colour("muted"), width: 1.5, dash: [3, 4], points: { show: false } }
          : { stroke: colour("sun"), width: 2, dash: [5, 4], fill: `${colour("sun")}1a`, points: { show: false } },
        { stroke: colour("accent"), width: 2, dash: [6, 4], points: { show: false } },
      ],
      data,
      {
        height: 240, unit: "kW",
        onCursor: (index) => {
          if (index === null) return void (words.textContent = summary);
          const [, was, clearly, will] = data.map((column) => column[index]);
          const known = was ?? will ?? clearly;
          words.textContent = `${moment(data[0][index] * 1000)}: ${known == null ? "unknown" : `${known.toLocaleString("en", { maximumFractionDigits: 2 })} kW`}${data[0][index] * 1000 > now ? " expected" : ""}`;
        },
      },
    );
  }

  disconnectedCallback() {
    this.drawn?.end();
  }
}

customElements.define("power-chart", PowerChart);

// Power of a resource or a fleet: what was measured, what the weather let expect, the clear sky, and, set apart, the forecast.
import Plot from "uplot";
import { chart } from "../lib/chart.js";
import { HOUR_MS, KINDS, NAMES, byDay, edges, energyOf, scaled, seriesOf, shown, sideBySide, tableOf } from "../lib/power.js";
import { clock, day, make, moment, number } from "../lib/read.js";
import { t } from "../lib/texts.js";
import { token } from "../lib/theme.js";

const RANGES = {
  "24h": { back: 24, ahead: 24, period: 900 }, "7d": { back: 168, ahead: 48, period: 3600 },
  "30d": { back: 720, ahead: 0, period: 3600, daily: true }, "1y": { back: 8760, ahead: 0, period: 3600, daily: true },
};

/** Days up to which each one's expected energy is a mark of its own. */
const FEW = 62;

class PowerChart extends HTMLElement {
  async connectedCallback() {
    const wanted = RANGES[this.dataset.range] || RANGES["24h"];
    const now = Number(this.dataset.now);
    const known = (this.dataset.kinds || "").split(" ");
    const [from, ahead] = [now - wanted.back * HOUR_MS, now + wanted.ahead * HOUR_MS];
    this.replaceChildren(make("p", { className: "muted waiting", role: "status" }, t("Computing…")));
    const found = await Promise.all(
      KINDS.map((kind) => (!known.includes(kind) || (kind === "forecast" && !wanted.ahead) ? null : seriesOf(this.dataset.base, kind, wanted.period, from, kind === "measured" || kind === "past" ? now : ahead))),
    );
    if (!this.isConnected) return;
    if (!found.some(Boolean)) return this.replaceChildren(make("p", { className: "muted" }, t("No series could be computed.")));
    this.draw(found, wanted, now);
  }

  draw(found, wanted, now) {
    const { period, daily } = wanted;
    const raw = sideBySide(found, period);
    const columns = daily ? byDay(raw, period) : raw;
    const unit = daily ? "kWh" : "kW";
    const shift = daily ? 0 : period / 2;
    const drawn = scaled(columns.slice(1), unit);
    const data = [columns[0].map((at) => at / 1000 + shift), ...drawn.values];
    const place = make("div", { className: "plot", role: "img" });
    const words = make("p", { className: "muted small num" });
    const summary = this.summary(found, period);
    words.textContent = summary;
    place.setAttribute("aria-label", `${t("Power")}, ${this.dataset.range}. ${summary}`);
    const main = [0, 1, 2].find((index) => found[index]) ?? 0;
    const few = daily && data[0].length <= FEW;
    const sign = (kind, behind) => (!daily ? (behind === 0 ? `line-measured${main === 2 ? " dashed" : ""}` : `line-${kind}`) : behind === 0 ? "box-measured" : few ? "ring" : `line-${kind}`);
    const legend = make("div", { className: "legend-row small" });
    KINDS.forEach((kind, index) => {
      if (found[index] && !(daily && kind === "clear_sky" && main < 2)) legend.append(make("span", { className: sign(kind, index - main) }, this.named(kind, found[index])));
    });
    const when = (at) => (daily ? day(at) : moment(at));
    this.replaceChildren(legend, place, words, tableOf(columns, unit, when));
    this.drawn = chart(place, (colour) => this.styles(colour, main, daily, few), data, {
      height: 260, unit: drawn.unit, ...(daily ? edges(data[0]) : {}), onDraw: daily ? undefined : (plot) => this.apart(plot, now / 1000),
      onCursor: (index) => {
        words.textContent = index === null ? summary : `${when(columns[0][index])}: ${this.told(columns, index, unit)}`;
      },
    });
  }

  named(kind, series) {
    const made = kind === "forecast" ? series.basis?.forecast_made_at_ms : null;
    return made ? t("Forecast of {time}", { time: clock(made) }) : t(NAMES[kind]);
  }

  styles(colour, main, daily, few) {
    const plain = { points: { show: false } };
    const bars = daily ? { width: 0, fill: `${colour("sun")}b0`, paths: Plot.paths.bars({ size: [0.7, 40] }) } : { width: 2, fill: `${colour("sun")}26` };
    const strongest = { ...plain, stroke: colour("sun"), ...bars };
    const expected = few
      ? { stroke: colour("text"), width: 0, paths: () => null, points: { show: true, size: 8, width: 2, stroke: colour("text"), fill: colour("surface") } }
      : { ...plain, stroke: colour("text"), width: daily ? 1 : 1.5 };
    const clear = { ...plain, stroke: colour("muted"), width: 1, dash: [2, 4], show: !daily };
    const forecast = { ...plain, stroke: colour("accent"), width: 2, dash: [6, 4], fill: `${colour("accent")}1f` };
    return [{}, strongest, main === 1 ? strongest : expected, main === 2 ? { ...strongest, dash: daily ? undefined : [5, 4] } : clear, forecast];
  }

  /** What is to come on a ground of its own, behind a line that says now. */
  apart(plot, now) {
    const { ctx, bbox } = plot;
    const at = plot.valToPos(now, "x", true);
    if (at < bbox.left || at > bbox.left + bbox.width) return;
    ctx.save();
    ctx.globalCompositeOperation = "destination-over";
    ctx.fillStyle = token("accent-soft");
    ctx.globalAlpha = 0.55;
    ctx.fillRect(at, bbox.top, bbox.left + bbox.width - at, bbox.height);
    ctx.restore();
    ctx.save();
    ctx.strokeStyle = token("accent");
    ctx.fillStyle = token("accent");
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
    ctx.font = `${12 * devicePixelRatio}px Inter, system-ui, sans-serif`;
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    ctx.fillText(t("now"), at + 4 * devicePixelRatio, bbox.top + 12 * devicePixelRatio);
    ctx.restore();
  }

  summary(found, period) {
    const [measured, past, clear, forecast] = found.map((one) => (one ? energyOf(one.values, period) : null));
    const parts = [];
    if (measured !== null) parts.push(t("Measured {energy}", { energy: shown(measured, "kWh") }));
    if (past !== null) parts.push(t("expected {energy}", { energy: shown(past, "kWh") }));
    if (measured === null && past === null && clear !== null) parts.push(t("Under a clear sky {energy}", { energy: shown(clear, "kWh") }));
    if (forecast !== null) parts.push(t("forecast {energy}", { energy: shown(forecast, "kWh") }));
    const rated = found[0]?.found;
    const known = rated ? Math.max(...rated.available_kw) : 0;
    if (rated && known < rated.total_kw * 0.999) parts.push(t("meters of {known} of {total} kW", { known: number(known, 0), total: number(rated.total_kw, 0) }));
    const text = parts.join(", ");
    return text.charAt(0).toUpperCase() + text.slice(1);
  }

  told(columns, index, unit) {
    const known = KINDS.map((kind, place) => [kind, columns[place + 1][index]]).filter(([, value]) => value !== null);
    return known.length ? known.map(([kind, value]) => `${t(NAMES[kind]).toLowerCase()} ${shown(value, unit)}`).join(", ") : t("unknown");
  }

  disconnectedCallback() {
    this.drawn?.end();
  }
}

customElements.define("power-chart", PowerChart);

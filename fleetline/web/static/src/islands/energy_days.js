// Energy of each of the last days: what was measured as bars, what the weather let expect as a mark over them.
import Plot from "uplot";
import { chart } from "../lib/chart.js";
import { DAY_MS, KINDS, NAMES, byDay, edges, scaled, seriesOf, shown, sideBySide, tableOf } from "../lib/power.js";
import { day, make } from "../lib/read.js";
import { t } from "../lib/texts.js";

const PERIOD = 3600;

class EnergyDays extends HTMLElement {
  async connectedCallback() {
    const now = Number(this.dataset.now);
    const known = (this.dataset.kinds || "").split(" ");
    const from = now - Number(this.dataset.days) * DAY_MS;
    const found = await Promise.all(KINDS.map((kind) => (kind === "forecast" || !known.includes(kind) ? null : seriesOf(this.dataset.base, kind, PERIOD, from, now))));
    if (!this.isConnected) return;
    const columns = byDay(sideBySide(found, PERIOD), PERIOD);
    if (!columns[0].length) return this.replaceChildren(make("p", { className: "muted" }, t("No series could be computed.")));
    const main = [0, 1, 2].find((place) => found[place]) ?? 0;
    const energies = [columns[main + 1], main === 0 ? columns[2] : columns[0].map(() => null)];
    const drawn = scaled(energies, "kWh");
    const data = [columns[0].map((at) => at / 1000), ...drawn.values];
    const place = make("div", { className: "plot", role: "img" });
    const words = make("p", { className: "muted small num" });
    const best = energies[0].reduce((top, value, index) => ((value ?? 0) > (energies[0][top] ?? 0) ? index : top), 0);
    const summary = t("Best day {day}: {energy}", { day: day(columns[0][best]), energy: shown(energies[0][best], "kWh") });
    words.textContent = summary;
    place.setAttribute("aria-label", `${t("Energy by day")}. ${summary}`);
    const legend = make("div", { className: "legend-row small" }, make("span", { className: `box-${KINDS[main]}` }, t(NAMES[KINDS[main]])));
    if (main === 0 && found[1]) legend.append(make("span", { className: "ring" }, t(NAMES.past)));
    this.replaceChildren(legend, place, words, tableOf(columns, "kWh", day));
    this.drawn = chart(
      place,
      (colour) => [
        {}, { stroke: colour("sun"), width: 0, fill: `${colour("sun")}b0`, paths: Plot.paths.bars({ size: [0.6, 48] }), points: { show: false } },
        { stroke: colour("text"), width: 0, paths: () => null, points: { show: true, size: 9, width: 2, stroke: colour("text"), fill: colour("surface") } },
      ],
      data,
      {
        height: 160, unit: drawn.unit, ...edges(data[0]),
        onCursor: (index) => {
          words.textContent = index === null ? summary : `${day(columns[0][index])}: ${KINDS.map((kind, at) => [kind, columns[at + 1][index]]).filter(([, value]) => value !== null).map(([kind, value]) => `${t(NAMES[kind]).toLowerCase()} ${shown(value, "kWh")}`).join(", ")}`;
        },
      },
    );
  }

  disconnectedCallback() {
    this.drawn?.end();
  }
}

customElements.define("energy-days", EnergyDays);

// A uPlot chart in the page's colours that grows with its place and is drawn again when the theme changes.
import Plot from "uplot";
import { clock, clockSeconds, day, number, zone } from "./read.js";
import { onTheme, token } from "./theme.js";

/** The range of the values with some air; from zero, or as near as they stay. @param {number | null} low @param {number | null} high @param {boolean} zero @returns {[number, number]} */
function around(low, high, zero) {
  if (zero) return [Math.min(0, low ?? 0), Math.max(1, (high ?? 1) * 1.05)];
  const air = Math.max(0.1, ((high ?? 1) - (low ?? 0)) * 0.1);
  return [(low ?? 0) - air, (high ?? 1) + air];
}

/**
 * @param {HTMLElement} place
 * @param {(colour: (name: string) => string) => import("uplot").Options["series"]} series
 * @param {any} data  uPlot: seconds first, then a column each
 * @param {{height?: number, unit?: string, bands?: any[], zero?: boolean, sync?: string, from?: number, to?: number, onCursor?: (index: number | null) => void, onPick?: (seconds: number) => void, onDraw?: (plot: any) => void, spanGaps?: boolean}} [options]
 */
export function chart(place, series, data, { height = 180, unit = "", bands = [], zero = true, sync, from, to, onCursor, onPick, onDraw } = {}) {
  /** @type {any} */
  let plot;
  const axis = () => ({ stroke: token("muted"), grid: { stroke: token("line"), width: 1 }, ticks: { stroke: token("line"), width: 1 }, font: "12px Inter, system-ui, sans-serif" });
  const draw = () => {
    const scale = plot ? { min: plot.scales.x.min, max: plot.scales.x.max } : null;
    plot?.destroy();
    plot = new Plot(
      {
        width: Math.max(200, place.clientWidth), height, padding: [8, 8, 0, 0], series: series(token), bands,
        tzDate: (seconds) => Plot.tzDate(new Date(seconds * 1000), zone()),
        legend: { show: false },
        scales: { y: { range: (_, low, high) => around(low, high, zero) } },
        cursor: { ...(sync ? { sync: { key: sync } } : {}), y: false, drag: { x: true, y: false }, points: { size: 8 }, focus: { prox: 30 } },
        axes: [
          { ...axis(), size: 32, space: 72, values: (_, ticks, __, ___, step) => ticks.map((tick) => (step >= 86400 ? day(tick * 1000) : step < 60 ? clockSeconds(tick * 1000) : clock(tick * 1000))) },
          { ...axis(), size: 76, values: (_, ticks) => ticks.map((tick) => `${number(tick)}${unit ? ` ${unit}` : ""}`) },
        ],
        hooks: { setCursor: [(found) => onCursor?.(found.cursor.idx ?? null)], draw: onDraw ? [onDraw] : [] },
      },
      data,
      place,
    );
    if (scale && scale.min != null) plot.setScale("x", scale);
    else if (from !== undefined && to !== undefined) plot.setScale("x", { min: from, max: to });
    plot.over.addEventListener("click", (event) => onPick?.(plot.posToVal(event.offsetX, "x")));
  };
  draw();
  const sizes = new ResizeObserver(() => plot.setSize({ width: Math.max(200, place.clientWidth), height }));
  sizes.observe(place);
  const ends = onTheme(draw);
  return {
    get plot() {
      return plot;
    },
    setData: (fresh) => {
      data = fresh;
      plot.setData(fresh);
    },
    end: () => {
      sizes.disconnect();
      ends();
      plot.destroy();
    },
  };
}

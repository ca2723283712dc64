// A uPlot chart in the page's colours that grows with its place and is drawn again when the theme changes.
import Plot from "uplot";
import { clock, day, zone } from "./read.js";
import { onTheme, token } from "./theme.js";

/**
 * @param {HTMLElement} place
 * @param {(colour: (name: string) => string) => import("uplot").Options["series"]} series
 * @param {import("uplot").AlignedData} data  seconds first
 * @param {{height?: number, unit?: string, bands?: any[], onCursor?: (index: number | null) => void, onPick?: (seconds: number) => void, spanGaps?: boolean}} [options]
 */
export function chart(place, series, data, { height = 180, unit = "", bands = [], onCursor, onPick } = {}) {
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
        scales: { y: { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(1, (high ?? 1) * 1.05)] } },
        cursor: { y: false, drag: { x: true, y: false }, points: { size: 8 }, focus: { prox: 30 } },
        axes: [
          { ...axis(), size: 32, values: (_, ticks, __, ___, step) => ticks.map((tick) => (step >= 86400 ? day(tick * 1000) : clock(tick * 1000))) },
          { ...axis(), size: 76, values: (_, ticks) => ticks.map((tick) => `${tick.toLocaleString("en")}${unit ? ` ${unit}` : ""}`) },
        ],
        hooks: { setCursor: [(found) => onCursor?.(found.cursor.idx ?? null)] },
      },
      data,
      place,
    );
    if (scale && scale.min != null) plot.setScale("x", scale);
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

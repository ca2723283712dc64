// Series of power as our own API gives them, side by side, and their energy by the day of the visitor's zone.
import { Refused, ask } from "./api.js";
import { make, moment, number, zone } from "./read.js";
import { t } from "./texts.js";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
const HOUR = 3600;
const LARGE = 10_000;
/** Of the rating that is metered at best. */
const USUAL = 0.9;
export const KINDS = ["measured", "past", "clear_sky", "forecast"];
export const NAMES = { measured: "Measured", past: "Expected from the weather", clear_sky: "Clear sky", forecast: "Forecast" };

/**
 * One series, null where there is none: begin of each period in ms, its values in kW, who is behind it.
 * @param {string} base path of a resource or fleet @param {string} kind one of KINDS @param {number} period seconds
 */
export async function seriesOf(base, kind, period, from, to) {
  const path = kind === "measured" ? "measurements" : "power";
  const asked = new URLSearchParams({ period_s: String(period), to: String(to) });
  if (kind !== "forecast") asked.set("from", String(from));
  if (kind !== "measured") asked.set("kind", kind);
  const found = await ask(`${base}/${path}?${asked}`).catch((fault) => {
    if (fault instanceof Refused) return null;
    throw fault;
  });
  if (!found) return null;
  const values = kind === "measured" ? wellMetered(found) : (found.power_ac_kw ?? found.groups[0]?.power_ac_kw ?? []);
  if (kind === "measured" && period < HOUR && !values.some((value) => value !== null)) return coarser(base, period, from, to);
  return values.some((value) => value !== null) ? { kind, from: found.from_at_ms, period, values, basis: found.basis, found } : null;
}

/** Sums of a fleet without the periods in which meters were silent that speak at other times: those would look like losses. */
function wellMetered(found) {
  const usual = Math.max(0, ...found.available_kw) * USUAL;
  return found.power_ac_kw.map((value, index) => (found.available_kw[index] < usual ? null : value));
}

/** What a meter that speaks once an hour said, held over shorter periods. */
async function coarser(base, period, from, to) {
  const found = await seriesOf(base, "measured", HOUR, from, to);
  return found && { ...found, period, values: found.values.flatMap((value) => Array(HOUR / period).fill(value)) };
}

/** Columns of all series on one axis of time: [times in ms, ...values of KINDS]. @param {any[]} series @param {number} period seconds */
export function sideBySide(series, period) {
  const rows = new Map();
  series.forEach((one, place) => {
    one?.values.forEach((value, index) => {
      const at = one.from + index * period * 1000;
      if (!rows.has(at)) rows.set(at, [null, null, null, null]);
      rows.get(at)[place] = value;
    });
  });
  const times = [...rows.keys()].sort((a, b) => a - b);
  return [times, ...KINDS.map((_, place) => times.map((at) => rows.get(at)[place]))];
}

const days = new Map();
function dayOf(at) {
  if (!days.has(zone())) days.set(zone(), new Intl.DateTimeFormat("sv-SE", { timeZone: zone() }));
  return days.get(zone()).format(at);
}

/** The same columns with energies of days in kWh; times are the middles of what the days have. @param {any[]} columns @param {number} period seconds */
export function byDay(columns, period) {
  const [times, ...values] = columns;
  const rows = new Map();
  times.forEach((at, index) => {
    const name = dayOf(at);
    if (!rows.has(name)) rows.set(name, { first: at, last: at, sums: KINDS.map(() => null) });
    const row = rows.get(name);
    row.last = at;
    values.forEach((column, place) => {
      if (column[index] !== null) row.sums[place] = (row.sums[place] ?? 0) + (column[index] * period) / 3600;
    });
  });
  const found = [...rows.values()];
  return [found.map((row) => (row.first + row.last) / 2 + period * 500), ...KINDS.map((_, place) => found.map((row) => row.sums[place]))];
}

/**
 * Values and their unit as a chart shows them: thousands of large ones, so that an axis has room for its numbers.
 * @param {(number | null)[][]} values @param {string} unit kW or kWh
 */
export function scaled(values, unit) {
  const most = values.reduce((top, column) => column.reduce((high, value) => Math.max(high, value ?? 0), top), 0);
  if (most < LARGE) return { values, unit };
  return { values: values.map((column) => column.map((value) => (value === null ? null : value / 1000))), unit: unit.replace("k", "M") };
}

/** The span of a chart of days, with room for half a bar at either side. @param {number[]} times seconds */
export const edges = (times) => ({ from: times[0] - 43_200, to: times[times.length - 1] + 43_200 });

/** @param {(number | null)[]} values @param {number} period seconds @returns {number | null} kWh */
export function energyOf(values, period) {
  const known = values.filter((value) => value !== null);
  return known.length ? (known.reduce((sum, value) => sum + value, 0) * period) / 3600 : null;
}

/** What stands for a value: 12.3 kW, or a dash. @param {number | null | undefined} value @param {string} unit */
export const shown = (value, unit) => (value == null ? "–" : `${number(value, Math.abs(value) < 100 ? 1 : 0)} ${unit}`);

/**
 * The same numbers as a table that is made when somebody opens it.
 * @param {any[]} columns times in ms first @param {string} unit @param {(at: number) => string} when
 */
export function tableOf(columns, unit, when = moment) {
  const place = make("details", {}, make("summary", { className: "small muted" }, t("As a table")));
  place.addEventListener("toggle", () => {
    if (!place.open || place.querySelector("table")) return;
    const used = KINDS.map((_, index) => index).filter((index) => columns[index + 1].some((value) => value !== null));
    const head = make("tr", {}, make("th", { scope: "col" }, t("From")), ...used.map((index) => make("th", { scope: "col", className: "num" }, `${t(NAMES[KINDS[index]])}, ${unit}`)));
    const rows = columns[0].map((at, row) =>
      make("tr", {}, make("td", {}, when(at)), ...used.map((index) => make("td", { className: "num" }, columns[index + 1][row] === null ? "–" : number(columns[index + 1][row], 2)))),
    );
    const table = make("table", {}, make("caption", { className: "sr" }, t("The numbers of the chart")), make("thead", {}, head), make("tbody", {}, ...rows));
    const scroll = make("div", { className: "scroll high", tabIndex: 0, role: "region" }, table);
    scroll.setAttribute("aria-label", t("The numbers of the chart"));
    place.append(scroll);
  });
  return place;
}

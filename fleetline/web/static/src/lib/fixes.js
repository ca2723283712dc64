// A vehicle's reports as the replay and the charts read them: ascending, valid, with gaps known.
import { ask } from "./api.js";

export const GAP_MS = 5 * 60_000;
const MOST = 60_000;

/**
 * @param {string} vehicle @param {number} fromMs @param {number} toMs
 * @returns {Promise<{at: number[], lon: number[], lat: number[], speed: (number | null)[], course: number[]}>}
 */
export async function fixesOf(vehicle, fromMs, toMs) {
  const step = Math.max(1, Math.round((toMs - fromMs) / 1000 / MOST));
  const found = await ask(`/vehicles/${vehicle}/positions?from=${fromMs}&to=${toMs}${step > 1 ? `&step_s=${step}` : ""}`);
  const order = found.at_ms.map((_, index) => index).filter((index) => found.valid[index] && found.lat_e7[index] !== null);
  order.sort((a, b) => found.at_ms[a] - found.at_ms[b]);
  const column = (name, change) => order.map((index) => change(found[name][index]));
  return {
    at: column("at_ms", (value) => value), lon: column("lon_e7", (value) => value / 1e7), lat: column("lat_e7", (value) => value / 1e7),
    speed: column("speed_kmh", (value) => value), course: column("course_deg", (value) => value || 0),
  };
}

/** Index of the last fix at or before a moment, -1 before the first. @param {number[]} at @param {number} moment */
export function indexAt(at, moment) {
  let low = 0;
  let high = at.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at[middle] <= moment) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Seconds and speeds for a chart, with a null wherever nothing was heard for a while. */
export function speedSeries(fixes, factor) {
  const seconds = [];
  const speeds = [];
  fixes.at.forEach((at, index) => {
    if (index && at - fixes.at[index - 1] > GAP_MS) {
      seconds.push(fixes.at[index - 1] / 1000 + 1);
      speeds.push(null);
    }
    seconds.push(at / 1000);
    speeds.push(fixes.speed[index] === null ? null : fixes.speed[index] * factor);
  });
  return [seconds, speeds];
}

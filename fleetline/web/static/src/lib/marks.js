// Marks as the overlay draws them: records of twenty bytes, packed where the rows are, in a worker, and read where they are drawn.

export const KINDS = { moving: 0, idle: 1, offline: 2, alarm: 3, sun: 4 };
/** Two floats of the place, two of what they could not hold, then kind, course, size and strength, a byte each. */
export const RECORD = 20;
const FADED = 90;
const TURN = 256 / 360;

/** Mercator of degrees, 0 to 1. @param {number} lon @param {number} lat @returns {[number, number]} */
export function mercator(lon, lat) {
  const sine = Math.sin((Math.max(-85, Math.min(85, lat)) * Math.PI) / 180);
  return [lon / 360 + 0.5, 0.5 - (0.25 * Math.log((1 + sine) / (1 - sine))) / Math.PI];
}

/** Half the width in pixels of a mark among so many. @param {number} count */
export const sizeAmong = (count) => (count > 5000 ? 7 : count > 1000 ? 9 : 11);

/**
 * Records of rows that have a place.
 * @param {{x: number, y: number, course: number, state: string, id: any}[]} rows  x, y: Mercator
 * @param {{picked?: any, fades?: boolean}} [options]  picked: drawn larger; fades: all others drawn weaker
 * @returns {ArrayBuffer}
 */
export function packed(rows, { picked = null, fades = false } = {}) {
  const bytes = new ArrayBuffer(rows.length * RECORD);
  const floats = new Float32Array(bytes);
  const words = new Uint32Array(bytes);
  const size = sizeAmong(rows.length);
  for (let index = 0, at = 0; index < rows.length; index++, at += 5) {
    const row = rows[index];
    floats[at] = row.x;
    floats[at + 1] = row.y;
    floats[at + 2] = row.x - floats[at];
    floats[at + 3] = row.y - floats[at + 1];
    const chosen = row.id === picked;
    const strength = fades && !chosen ? FADED : 255;
    words[at + 4] = (KINDS[row.state] ?? 2) | ((Math.round(row.course * TURN) & 255) << 8) | ((chosen ? size + 4 : size) << 16) | (strength << 24);
  }
  return bytes;
}

// The rows behind the live map, without a page: filled by columns, filtered, sorted, and given out as what is drawn and listed.
import { packed, mercator } from "./marks.js";
import { STATES, stateOf } from "./read.js";

/** By name: nothing moves under the pointer when a state changes. */
const ORDER = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
/** Names stand beside the marks up to so many of them in view. */
const NAMED = 300;
/** From so many marks in view on they are drawn as clusters. */
export const CROWD = 20_000;
/** With fewer marks than this all others fade when one is chosen. */
const FADING = 500;
/** Pixels of a side of what becomes one cluster. */
const CELL = 72;

/**
 * @typedef {{device_id: number, vehicle_id: number | null, name: string, state: string, x: number, y: number, course: number, id: number, status: string, [column: string]: any}} Row
 * @typedef {{west: number, east: number, north: number, south: number, world: number}} View  Mercator sides, and pixels around the world
 */

export class FleetRows {
  constructor() {
    /** @type {Map<number, Row>} */
    this.rows = new Map();
    /** @type {Row[]} */
    this.sorted = [];
    this.filter = { text: "", status: "", group: null };
    this.picked = null;
    /** @type {number | null} the vehicle that shall be chosen once it is known */
    this.wanted = null;
    /** @type {View | null} */
    this.view = null;
    this.clusters = false;
  }

  /** Columns of devices, all of them or those that changed. @param {any} columns @param {boolean} all */
  take(columns, all) {
    let renamed = false;
    if (all) {
      const there = new Set(columns.device_id);
      for (const device of this.rows.keys()) if (!there.has(device)) renamed = this.rows.delete(device);
    }
    const names = Object.keys(columns).filter((name) => name !== "gone" && Array.isArray(columns[name]));
    for (let index = 0; index < columns.device_id.length; index++) {
      const device = columns.device_id[index];
      let row = this.rows.get(device);
      if (!row) {
        this.rows.set(device, (row = /** @type {Row} */ (/** @type {any} */ ({ id: device }))));
        renamed = true;
      }
      if (columns.name && row.name !== columns.name[index]) {
        renamed = true;
        row.key = columns.name[index].toLocaleLowerCase();
      }
      for (const name of names) row[name] = columns[name][index];
      row.state = stateOf(row);
      row.course = row.course_deg || 0;
      row.placed = row.lat_e7 !== null && row.lon_e7 !== null;
      if (row.placed) [row.x, row.y] = mercator(row.lon_e7 / 1e7, row.lat_e7 / 1e7);
    }
    for (const device of columns.gone || []) renamed = this.rows.delete(device) || renamed;
    if (renamed) this.sorted = [...this.rows.values()].sort((a, b) => ORDER.compare(a.name, b.name));
  }

  /** @param {number | null} device @param {number | null} vehicle  whose device is meant, where no device is named */
  choose(device, vehicle) {
    this.picked = device;
    this.wanted = vehicle;
    if (vehicle !== null) this.find();
    return true;
  }

  /** Choose the device of the wanted vehicle. */
  find() {
    for (const row of this.rows.values()) {
      if (row.vehicle_id !== this.wanted) continue;
      this.picked = row.device_id;
      this.wanted = null;
      return;
    }
  }

  fits(row) {
    const { text, status, group } = this.filter;
    return (!text || row.key.includes(text)) && (!status || row.state === status) && (!group || row.group_ids.includes(group));
  }

  /** Whether a row stands within what is seen, copies of the world included. */
  inView(row) {
    const view = this.view;
    if (!row.placed || !view || row.y < view.north || row.y > view.south) return false;
    return row.x - Math.floor(row.x - view.west) <= view.east;
  }

  /** All that fit, those of them with a place, how many there are in each state, and sides around them in degrees. */
  sift() {
    /** @type {Record<string, number>} */
    const counts = { "": 0 };
    for (const state of STATES) counts[state] = 0;
    const shown = [];
    const placed = [];
    for (const row of this.sorted) {
      counts[row.state]++;
      counts[""]++;
      if (!this.fits(row)) continue;
      shown.push(row);
      if (row.placed) placed.push(row);
    }
    return { counts, shown, placed };
  }

  /** West, south, east, north of all placed rows in degrees, null where there are none. */
  box() {
    const box = [180, 90, -180, -90];
    for (const row of this.rows.values()) {
      if (!row.placed) continue;
      const [lon, lat] = [row.lon_e7 / 1e7, row.lat_e7 / 1e7];
      box[0] = Math.min(box[0], lon);
      box[1] = Math.min(box[1], lat);
      box[2] = Math.max(box[2], lon);
      box[3] = Math.max(box[3], lat);
    }
    return box[0] <= box[2] ? box : null;
  }

  /**
   * What is drawn: records and their ids, names of few, clusters of many; nothing of it where clusters shall stay.
   * @param {{counts: Record<string, number>, shown: Row[], placed: Row[]}} sifted @param {boolean} due  clusters may change
   */
  scene({ counts, placed }, due) {
    const seen = this.view ? placed.filter((row) => this.inView(row)) : placed;
    const crowded = Boolean(this.view) && (this.clusters || seen.length > CROWD);
    if (crowded && !due) return { counts, crowded };
    const { single, clusters } = crowded ? clustered(seen, this.view) : { single: placed, clusters: null };
    const drawn = inTurn(single, this.picked);
    const fades = this.picked !== null && single.length < FADING && single.some((row) => row.device_id === this.picked);
    return {
      counts, crowded, clusters,
      bytes: packed(drawn, { picked: this.picked, fades }),
      ids: Int32Array.from(drawn, (row) => row.device_id),
      names: !crowded && seen.length <= NAMED ? seen.map((row) => [row.name, row.lon_e7, row.lat_e7]) : [],
    };
  }
}

/** The rows so that what matters more is drawn later and so above: offline, idle, moving, alarm, the chosen one. */
function inTurn(rows, picked) {
  /** @type {Record<string, Row[]>} */
  const turns = { offline: [], idle: [], moving: [], alarm: [], picked: [] };
  for (const row of rows) turns[row.device_id === picked ? "picked" : row.state].push(row);
  return Object.values(turns).flat();
}

/** Rows by squares of the screen: alone ones, and for each other square its middle, how many, and of which states. */
function clustered(rows, view) {
  const side = CELL / view.world;
  /** @type {Map<number, {rows: Row[]}>} */
  const cells = new Map();
  for (const row of rows) {
    const key = Math.floor(row.x / side) * 0x4000000 + Math.floor(row.y / side);
    const cell = cells.get(key);
    if (cell) cell.rows.push(row);
    else cells.set(key, { rows: [row] });
  }
  const single = [];
  const clusters = [];
  for (const cell of cells.values()) {
    if (cell.rows.length === 1) {
      single.push(cell.rows[0]);
      continue;
    }
    let [lon, lat, moving, alarm] = [0, 0, 0, 0];
    for (const row of cell.rows) {
      lon += row.lon_e7;
      lat += row.lat_e7;
      if (row.state === "moving") moving++;
      if (row.state === "alarm") alarm++;
    }
    const count = cell.rows.length;
    clusters.push([lon / count / 1e7, lat / count / 1e7, count, moving, alarm]);
  }
  return { single, clusters };
}

// Listens to the live events and keeps all rows away from the page, which gets only what it draws, once it has drawn what came before.
import { FleetRows } from "../lib/fleet_rows.js";

const AGAIN_MS = 3000;
/** A window that nobody sees keeps its connection for so long: browsers have few of them to one server. */
const HIDDEN_MS = 20_000;
/** Clusters stand still for so long, so that they can be read. */
const CLUSTERS_MS = 5000;

const fleet = new FleetRows();
/** Of the list: so many rows are in it, and those from `from` to `to` are on the screen. */
const list = { count: 0, from: 0, to: 0, inView: false };
const state = { busy: false, due: false, asleep: false, paused: false, lost: false, heard: 0, wanted: "" };
/** @type {EventSource | null} */
let events = null;
let source = "";
let closing = 0;
let sifted = null;
let clusteredAt = -CLUSTERS_MS;
let told = new Int32Array(0);

const stamp = () => performance.timeOrigin + performance.now();

/** Rows on the screen, and the order of all listed ones where it is another than before, then with all their rows. */
function listing() {
  const all = list.inView ? sifted.shown.filter((row) => fleet.inView(row)) : sifted.shown;
  const listed = all.slice(0, list.count);
  const same = listed.length === told.length && listed.every((row, index) => row.device_id === told[index]);
  if (!same) told = Int32Array.from(listed, (row) => row.device_id);
  return { found: all.length, order: same ? null : told, rows: same ? listed.slice(list.from, list.to) : listed };
}

function answer() {
  if (!state.heard) return;
  if (state.busy || state.asleep) {
    state.due = true;
    return;
  }
  state.busy = true;
  state.due = false;
  sifted = fleet.sift();
  const scene = fleet.scene(sifted, performance.now() - clusteredAt >= CLUSTERS_MS);
  if (scene.clusters) clusteredAt = performance.now();
  const chosen = fleet.picked === null ? null : fleet.rows.get(fleet.picked) || null;
  const message = { kind: "scene", heard: state.heard, total: fleet.rows.size, chosen, ...listing(), ...scene };
  postMessage(message, { transfer: scene.bytes ? [scene.bytes, scene.ids.buffer] : [] });
}

/** @param {any} columns @param {boolean} all @param {number} heard when it came */
function take(columns, all, heard) {
  const first = !state.heard;
  fleet.take(columns, all);
  state.heard = heard;
  if (all && fleet.wanted !== null) fleet.find();
  if (first) postMessage({ kind: "box", box: fleet.box(), chosen: fleet.rows.get(fleet.picked) || null });
  if (!state.paused) answer();
}

function tell(lost) {
  if (lost === state.lost) return;
  state.lost = lost;
  postMessage({ kind: "lost", lost });
}

function connect() {
  events?.close();
  events = new EventSource(source);
  for (const kind of ["snapshot", "changed"]) {
    events.addEventListener(kind, (event) => {
      const heard = stamp();
      take(JSON.parse(event.data), kind === "snapshot", heard);
    });
  }
  events.addEventListener("ended", (event) => {
    events.close();
    source = "";
    postMessage({ kind: "ended", ...JSON.parse(event.data) });
  });
  events.addEventListener("open", () => tell(false));
  events.addEventListener("error", () => {
    tell(true);
    if (events?.readyState === EventSource.CLOSED) setTimeout(() => source && !state.asleep && connect(), AGAIN_MS);
  });
}

function sleep(on) {
  state.asleep = on;
  clearTimeout(closing);
  if (on) {
    closing = setTimeout(() => {
      events?.close();
      events = null;
    }, HIDDEN_MS);
  } else if (!events && source) connect();
  return !on && state.due;
}

/** What the page says; those that are true here change what is drawn. */
const ACTS = {
  connect: ({ address }) => {
    source = address;
    connect();
  },
  filter: ({ filter }) => Boolean((fleet.filter = filter)),
  pick: ({ device, vehicle }) => fleet.choose(device ?? null, vehicle ?? null),
  view: ({ view }) => {
    fleet.view = view;
    clusteredAt = -CLUSTERS_MS;
    return true;
  },
  clusters: ({ on }) => {
    fleet.clusters = on;
    clusteredAt = -CLUSTERS_MS;
    return true;
  },
  feed: ({ columns, text, all }) => take(text ? JSON.parse(text) : columns, all, stamp()),
  pause: ({ on }) => {
    state.paused = on;
    return !on;
  },
  sleep: ({ on }) => sleep(on),
  drawn: () => {
    state.busy = false;
    return state.due;
  },
  list: (wanted) => {
    Object.assign(list, wanted.list);
    if (sifted) postMessage({ kind: "rows", ...listing() });
  },
  row: ({ device }) => postMessage({ kind: "row", row: fleet.rows.get(device) || null }),
};

addEventListener("message", ({ data }) => {
  if (ACTS[data.kind](data) === true) answer();
});

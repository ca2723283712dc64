// Vehicles on a canvas of their own above the map: one draw call of small pictures, drawn again only when the map or a vehicle has moved.
import { KINDS, RECORD, mercator, packed } from "./marks.js";
import { isDark, onTheme } from "./theme.js";

const FILLS = ["#0072b2", "#f0c33c", "#6b6b6b", "#b3261e", "#f0c33c"];
const OUTLINES = { dark: "#f2f5f7", light: "#17202b" };
const OUTLINE = 1.5;
const KIND_COUNT = Object.keys(KINDS).length;
/** Half widths of marks, a row of pictures each. */
const SIZES = [7, 9, 11, 13, 15];
/** Side of one picture in pixels of the page, its outline included. */
const CELL = 2 * (SIZES[SIZES.length - 1] + 2);

/** Pixels that the canvas is larger to each side: a point whose middle is outside is not drawn at all. */
const EDGE = 20;

// points, not instances: a processor that draws in place of a graphics card begins anew with every instance
const VERTEX = `#version 300 es
in vec2 place; in vec2 rest; in uvec4 facts;
uniform vec2 middle; uniform vec2 middle_rest; uniform float world; uniform vec2 screen; uniform float ratio;
flat out vec2 cell; flat out vec2 turn; flat out float half_px; flat out float strength;
void main() {
  vec2 far = (place - middle) + (rest - middle_rest);
  far.x -= round(far.x);
  vec2 pixels = far * world;
  float size = float(facts.z);
  float angle = facts.x == 0u ? float(facts.y) * ${((2 * Math.PI) / 256).toFixed(9)} : 0.0;
  half_px = size + 2.0;
  cell = (vec2(float(facts.x), (size - ${SIZES[0]}.0) / 2.0) + 0.5) * ${CELL}.0;
  turn = vec2(cos(angle), sin(angle));
  strength = float(facts.w) / 255.0;
  gl_PointSize = 2.0 * half_px * ratio;
  gl_Position = vec4(pixels.x * 2.0 / screen.x, -pixels.y * 2.0 / screen.y, 0.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
flat in vec2 cell; flat in vec2 turn; flat in float half_px; flat in float strength;
uniform sampler2D pictures; uniform vec2 sheet;
out vec4 colour;
void main() {
  vec2 p = (gl_PointCoord * 2.0 - 1.0) * half_px;
  vec2 turned = vec2(turn.x * p.x + turn.y * p.y, turn.x * p.y - turn.y * p.x);
  colour = texture(pictures, (cell + clamp(turned, ${-CELL / 2 + 0.5}, ${CELL / 2 - 0.5})) / sheet) * strength;
}`;

/** The shape of a kind around nothing, `size` pixels to each side. @param {number} kind @param {number} size */
function shapeOf(kind, size) {
  const path = new Path2D();
  const line = (...points) => {
    points.forEach(([x, y], index) => (index ? path.lineTo(x * size, y * size) : path.moveTo(x * size, y * size)));
    path.closePath();
  };
  if (kind === KINDS.moving) line([0, -1], [0.72, 0.8], [0, 0.42], [-0.72, 0.8]);
  else if (kind === KINDS.idle) for (const side of [-0.36, 0.36]) path.rect((side - 0.22) * size, -0.62 * size, 0.44 * size, 1.24 * size);
  else if (kind === KINDS.alarm) line([0, -0.86], [0.86, 0], [0, 0.86], [-0.86, 0]);
  else if (kind === KINDS.sun) path.rect(-0.55 * size, -0.55 * size, 1.1 * size, 1.1 * size);
  else path.arc(0, 0, 0.52 * size, 0, 2 * Math.PI);
  return path;
}

/** @param {CanvasRenderingContext2D} pen @param {number} radius */
function hollow(pen, radius) {
  pen.globalCompositeOperation = "destination-out";
  pen.beginPath();
  pen.arc(0, 0, radius, 0, 2 * Math.PI);
  pen.fill();
  pen.globalCompositeOperation = "source-over";
}

/** All pictures on one sheet: a column a kind, a row a size. @param {number} ratio pixels of the screen a pixel of the page */
function sheetOf(ratio) {
  const sheet = document.createElement("canvas");
  sheet.width = Math.ceil(CELL * KIND_COUNT * ratio);
  sheet.height = Math.ceil(CELL * SIZES.length * ratio);
  const pen = sheet.getContext("2d");
  const outline = OUTLINES[isDark() ? "dark" : "light"];
  pen.lineJoin = "round";
  SIZES.forEach((size, row) => {
    for (let kind = 0; kind < KIND_COUNT; kind++) {
      pen.setTransform(ratio, 0, 0, ratio, (kind + 0.5) * CELL * ratio, (row + 0.5) * CELL * ratio);
      const path = shapeOf(kind, size);
      const ring = kind === KINDS.offline ? 0.3 * size : 0;
      pen.strokeStyle = outline;
      // a ring stays hollow: its outline is only outside
      pen.lineWidth = ring + 2 * OUTLINE;
      pen.stroke(path);
      if (ring) hollow(pen, 0.52 * size - ring / 2);
      pen.fillStyle = pen.strokeStyle = FILLS[kind];
      pen.lineWidth = ring;
      if (ring) pen.stroke(path);
      else pen.fill(path);
    }
  });
  return sheet;
}

function programOf(gl) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return program;
}

/** A number as a float and what the float could not hold. @param {number} value @returns {[number, number]} */
const split = (value) => [Math.fround(value), value - Math.fround(value)];

/** Marks that come and go together. */
class Batch {
  constructor() {
    this.bytes = new ArrayBuffer(0);
    /** @type {ArrayLike<any>} */
    this.ids = [];
    this.count = 0;
    this.stale = true;
  }

  place(gl, program) {
    this.buffer = gl.createBuffer();
    this.array = gl.createVertexArray();
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    for (const [name, offset] of [["place", 0], ["rest", 8], ["facts", 16]]) {
      const where = gl.getAttribLocation(program, name);
      gl.enableVertexAttribArray(where);
      if (name === "facts") gl.vertexAttribIPointer(where, 4, gl.UNSIGNED_BYTE, RECORD, offset);
      else gl.vertexAttribPointer(where, 2, gl.FLOAT, false, RECORD, offset);
    }
    this.stale = true;
  }
}

export class Markers {
  constructor() {
    this.sites = new Batch();
    this.vehicles = new Batch();
    this.batches = [this.sites, this.vehicles];
    this.emphasis = null;
    /** Milliseconds that the last drawing took this thread. */
    this.took = 0;
    /** Called after each drawing. */
    this.onDraw = () => {};
  }

  get count() {
    return this.vehicles.count;
  }

  /** Puts the canvas above what the map draws and below what stands on it. @param {import("maplibre-gl").Map} map */
  addTo(map) {
    this.map = map;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "marks";
    map.getCanvas().after(this.canvas);
    this.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    this.canvas.addEventListener("webglcontextrestored", () => this.begin());
    this.begin();
    // in the frame in which the map has drawn itself, so that marks never lag behind the land
    map.on("render", () => this.moved() && this.draw());
    this.ends = onTheme(() => {
      this.sheet = null;
      this.soon();
    });
    map.on("remove", () => this.ends());
  }

  begin() {
    const gl = this.canvas.getContext("webgl2", { alpha: true, antialias: false, depth: false, stencil: false, powerPreference: "high-performance" });
    this.gl = gl;
    if (!gl) return;
    this.sheet = null;
    const program = programOf(gl);
    this.program = program;
    this.at = Object.fromEntries(["middle", "middle_rest", "world", "screen", "sheet", "ratio"].map((name) => [name, gl.getUniformLocation(program, name)]));
    for (const batch of this.batches) batch.place(gl, program);
    gl.useProgram(program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.soon();
  }

  /**
   * What is shown from now on.
   * @param {ArrayBuffer} bytes  records as `packed` makes them
   * @param {ArrayLike<any>} ids  of the records, in order
   */
  put(bytes, ids, batch = this.vehicles) {
    batch.bytes = bytes;
    batch.ids = ids;
    batch.count = bytes.byteLength / RECORD;
    batch.stale = true;
    this.soon();
  }

  /** @param {{id: any, lon: number, lat: number, course: number, state: string}[]} rows */
  show(rows, batch = this.vehicles) {
    const placed = rows.map((row) => {
      const [x, y] = mercator(row.lon, row.lat);
      return { ...row, x, y };
    });
    this.put(packed(placed, { picked: this.emphasis }), rows.map((row) => row.id), batch);
  }

  /** Whether the map shows something else than when the marks were drawn: it also draws itself for many other reasons. */
  moved() {
    const { lng, lat } = this.map.getCenter();
    const { width, height } = this.map.getCanvas();
    const seen = `${lng} ${lat} ${this.map.getZoom()} ${width} ${height}`;
    return seen !== this.seen && Boolean((this.seen = seen));
  }

  soon() {
    if (!this.map || this.waiting) return;
    this.waiting = requestAnimationFrame(() => this.draw());
  }

  fit() {
    const canvas = this.map.getCanvas();
    const edges = Math.round(2 * EDGE * this.map.getPixelRatio());
    const [width, height] = [canvas.width + edges, canvas.height + edges];
    if (this.canvas.width !== width || this.canvas.height !== height || !this.sheet) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.pictures();
    }
  }

  pictures() {
    const gl = this.gl;
    this.ratio = this.map.getPixelRatio();
    this.sheet = sheetOf(this.ratio);
    gl.deleteTexture(this.texture || null);
    this.texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, this.sheet);
    for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, filter, gl.LINEAR);
  }

  draw() {
    cancelAnimationFrame(this.waiting);
    this.waiting = 0;
    const gl = this.gl;
    if (!gl || gl.isContextLost()) return this.onDraw();
    const began = performance.now();
    this.fit();
    const { lng, lat } = this.map.getCenter();
    const [[x, moreX], [y, moreY]] = mercator(lng, lat).map(split);
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(this.at.middle, x, y);
    gl.uniform2f(this.at.middle_rest, moreX, moreY);
    gl.uniform1f(this.at.world, this.world());
    gl.uniform2f(this.at.screen, this.canvas.width / this.ratio, this.canvas.height / this.ratio);
    gl.uniform1f(this.at.ratio, this.ratio);
    gl.uniform2f(this.at.sheet, this.sheet.width / this.ratio, this.sheet.height / this.ratio);
    for (const batch of this.batches) {
      if (!batch.count) continue;
      gl.bindVertexArray(batch.array);
      if (batch.stale) {
        gl.bindBuffer(gl.ARRAY_BUFFER, batch.buffer);
        gl.bufferData(gl.ARRAY_BUFFER, batch.bytes, gl.DYNAMIC_DRAW);
        batch.stale = false;
      }
      gl.drawArrays(gl.POINTS, 0, batch.count);
    }
    this.took = performance.now() - began;
    this.onDraw();
  }

  /** Pixels of the page around the world. */
  world() {
    return 512 * 2 ** this.map.getZoom();
  }

  /** The id of the nearest mark within `reach` pixels of a point of the canvas, null when none is. */
  pick(point, reach = 14, batch = this.vehicles) {
    if (!this.map || !batch.count) return null;
    const world = this.world();
    const { lng, lat } = this.map.getCenter();
    const [centreX, centreY] = mercator(lng, lat);
    const { clientWidth, clientHeight } = this.map.getContainer();
    const floats = new Float32Array(batch.bytes);
    const [wantedX, wantedY] = [point.x - clientWidth / 2, point.y - clientHeight / 2];
    let best = reach * reach;
    let found = null;
    for (let index = 0, at = 0; index < batch.count; index++, at += RECORD / 4) {
      const y = (floats[at + 1] - centreY + floats[at + 3]) * world - wantedY;
      if (y > reach || y < -reach) continue;
      let across = floats[at] - centreX + floats[at + 2];
      across -= Math.round(across);
      const x = across * world - wantedX;
      const far = x * x + y * y;
      if (far < best) {
        best = far;
        found = batch.ids[index];
      }
    }
    return found;
  }
  /** Longitude and latitude of a vehicle's mark, null where there is none. @returns {[number, number] | null} */
  placeOf(id) {
    const { bytes, ids } = this.vehicles;
    const at = Array.prototype.indexOf.call(ids, id) * (RECORD / 4);
    if (at < 0) return null;
    const floats = new Float32Array(bytes);
    const [x, y] = [floats[at] + floats[at + 2], floats[at + 1] + floats[at + 3]];
    return [(x - 0.5) * 360, (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI];
  }
}

// Ten thousand vehicles as one draw call: a custom WebGL layer whose shader draws each state's shape, and picking on the processor.
import { isDark } from "./theme.js";

const KINDS = { moving: 0, idle: 1, offline: 2, alarm: 3, sun: 4 };
const FILLS = [[0, 0.447, 0.698], [0.941, 0.765, 0.235], [0.42, 0.42, 0.42], [0.702, 0.149, 0.118], [0.941, 0.765, 0.235]];
const FLOATS = 6;

const VERTEX = `#version 300 es
in vec2 corner; in vec2 place; in float angle; in float kind; in float size; in float fade;
uniform mat4 matrix; uniform vec2 screen; uniform float ratio;
out vec2 at; flat out int shape; flat out float shade; flat out float half_px;
void main() {
  vec4 middle = matrix * vec4(place, 0.0, 1.0);
  at = corner * 1.35; shape = int(kind + 0.5); shade = fade; half_px = size * ratio;
  float c = cos(angle), s = sin(angle);
  vec2 turned = shape == 0 ? vec2(c * at.x + s * at.y, -s * at.x + c * at.y) : at;
  gl_Position = middle + vec4(turned * size * ratio * 2.0 / screen * middle.w, 0.0, 0.0);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec2 at; flat in int shape; flat in float shade; flat in float half_px;
uniform vec3 fills[5]; uniform vec3 outline;
out vec4 colour;
float box(vec2 p, vec2 b) { vec2 d = abs(p) - b; return length(max(d, 0.0)) + min(max(d.x, d.y), 0.0); }
float arrow(vec2 p) {
  p.x = abs(p.x);
  float side = dot(p - vec2(0.0, 1.0), normalize(vec2(1.75, 0.72)));
  float notch = dot(p - vec2(0.0, -0.45), normalize(vec2(-0.30, -0.72)));
  return max(side, max(notch, -p.y - 0.85));
}
float form(vec2 p) {
  if (shape == 0) return arrow(p);
  if (shape == 1) return min(box(p - vec2(-0.36, 0.0), vec2(0.22, 0.62)), box(p - vec2(0.36, 0.0), vec2(0.22, 0.62)));
  if (shape == 2) return abs(length(p) - 0.52) - 0.15;
  if (shape == 3) return (abs(p.x) + abs(p.y) - 0.86) * 0.7071;
  return box(p, vec2(0.55));
}
void main() {
  float pixel = 1.0 / half_px;
  float d = form(at);
  float edge = 1.5 * pixel;
  float inside = 1.0 - smoothstep(-pixel * 0.5, pixel * 0.5, d);
  float around = 1.0 - smoothstep(edge - pixel * 0.5, edge + pixel * 0.5, d);
  if (around <= 0.0) discard;
  float alpha = around * shade;
  colour = vec4(mix(outline, fills[shape], inside) * alpha, alpha);
}`;

/** Mercator of degrees, 0 to 1. @param {number} lon @param {number} lat @returns {[number, number]} */
export function mercator(lon, lat) {
  const sine = Math.sin((Math.max(-85, Math.min(85, lat)) * Math.PI) / 180);
  return [lon / 360 + 0.5, 0.5 - (0.25 * Math.log((1 + sine) / (1 - sine))) / Math.PI];
}

export class Markers {
  /** @param {string} [id] */
  constructor(id = "vehicles") {
    this.id = id;
    this.type = "custom";
    this.renderingMode = "2d";
    this.count = 0;
    /** @type {Float64Array} exact places, so that nothing trembles when zoomed in */
    this.places = new Float64Array(0);
    this.facts = new Float32Array(0);
    this.data = new Float32Array(0);
    this.anchor = [0, 0];
    this.stale = true;
    this.emphasis = -1;
    this.ids = [];
  }

  /**
   * What is shown from now on.
   * @param {{id: any, lon: number, lat: number, course: number, state: string, faded?: boolean}[]} rows
   */
  show(rows) {
    this.room(rows.length);
    const size = rows.length > 5000 ? 7 : rows.length > 1000 ? 9 : 11;
    rows.forEach((row, index) => {
      const [x, y] = mercator(row.lon, row.lat);
      this.places[index * 2] = x;
      this.places[index * 2 + 1] = y;
      this.facts[index * 4] = (row.course * Math.PI) / 180;
      this.facts[index * 4 + 1] = KINDS[row.state] ?? 2;
      this.facts[index * 4 + 2] = row.id === this.emphasis ? size + 4 : size;
      this.facts[index * 4 + 3] = row.faded ? 0.35 : 1;
      this.ids[index] = row.id;
    });
    this.stale = true;
    this.map?.triggerRepaint();
  }

  room(count) {
    this.count = count;
    if (this.places.length === count * 2) return;
    this.places = new Float64Array(count * 2);
    this.facts = new Float32Array(count * 4);
    this.ids = new Array(count);
  }

  /**
   * Rows of the live columns, which have a place each.
   * @param {any[]} rows @param {number | null} alone  the one that stays while the others fade
   */
  showRows(rows, alone) {
    this.room(rows.length);
    const size = rows.length > 5000 ? 7 : rows.length > 1000 ? 9 : 11;
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index];
      const sine = Math.sin((row.lat_e7 * Math.PI) / 180e7);
      this.places[index * 2] = row.lon_e7 / 360e7 + 0.5;
      this.places[index * 2 + 1] = 0.5 - (0.25 * Math.log((1 + sine) / (1 - sine))) / Math.PI;
      this.facts[index * 4] = ((row.course_deg || 0) * Math.PI) / 180;
      this.facts[index * 4 + 1] = KINDS[row.state];
      this.facts[index * 4 + 2] = row.device_id === this.emphasis ? size + 4 : size;
      this.facts[index * 4 + 3] = alone === null || alone === row.device_id ? 1 : 0.35;
      this.ids[index] = row.device_id;
    }
    this.stale = true;
    this.map?.triggerRepaint();
  }

  onAdd(map, gl) {
    this.map = map;
    const program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    this.program = program;
    this.at = Object.fromEntries(["matrix", "screen", "ratio", "fills", "outline"].map((name) => [name, gl.getUniformLocation(program, name)]));
    this.array = gl.createVertexArray();
    gl.bindVertexArray(this.array);
    this.corners = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.corners);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
    const corner = gl.getAttribLocation(program, "corner");
    gl.enableVertexAttribArray(corner);
    gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
    this.buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    let offset = 0;
    for (const [name, length] of [["place", 2], ["angle", 1], ["kind", 1], ["size", 1], ["fade", 1]]) {
      const where = gl.getAttribLocation(program, name);
      gl.enableVertexAttribArray(where);
      gl.vertexAttribPointer(where, length, gl.FLOAT, false, FLOATS * 4, offset);
      gl.vertexAttribDivisor(where, 1);
      offset += length * 4;
    }
    gl.bindVertexArray(null);
  }

  upload(gl) {
    const middle = this.map.getCenter();
    this.anchor = mercator(middle.lng, middle.lat);
    if (this.data.length < this.count * FLOATS) this.data = new Float32Array(this.count * FLOATS);
    for (let index = 0; index < this.count; index++) {
      this.data[index * FLOATS] = this.places[index * 2] - this.anchor[0];
      this.data[index * FLOATS + 1] = this.places[index * 2 + 1] - this.anchor[1];
      for (let fact = 0; fact < 4; fact++) this.data[index * FLOATS + 2 + fact] = this.facts[index * 4 + fact];
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, this.data.subarray(0, this.count * FLOATS), gl.DYNAMIC_DRAW);
    this.stale = false;
  }

  render(gl, args) {
    if (!this.count) return;
    const middle = this.map.getCenter();
    const [x, y] = mercator(middle.lng, middle.lat);
    if (this.stale || Math.hypot(x - this.anchor[0], y - this.anchor[1]) > 0.01) this.upload(gl);
    const whole = args.defaultProjectionData.mainMatrix;
    const matrix = new Float32Array(whole);
    for (let row = 0; row < 4; row++) matrix[12 + row] = whole[row] * this.anchor[0] + whole[4 + row] * this.anchor[1] + whole[12 + row];
    gl.useProgram(this.program);
    gl.uniformMatrix4fv(this.at.matrix, false, matrix);
    gl.uniform2f(this.at.screen, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.uniform1f(this.at.ratio, devicePixelRatio || 1);
    gl.uniform3fv(this.at.fills, new Float32Array(FILLS.flat()));
    gl.uniform3fv(this.at.outline, isDark() ? [0.95, 0.96, 0.97] : [0.09, 0.125, 0.17]);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.bindVertexArray(this.array);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.count);
    gl.bindVertexArray(null);
  }

  onRemove(map, gl) {
    gl.deleteBuffer(this.buffer);
    gl.deleteBuffer(this.corners);
    gl.deleteVertexArray(this.array);
    gl.deleteProgram(this.program);
  }

  /** The id of the nearest marker within `reach` pixels of a point of the canvas, null when none is. */
  pick(point, reach = 14) {
    const map = this.map;
    if (!map) return null;
    const world = 512 * 2 ** map.getZoom();
    const middle = map.getCenter();
    const [centreX, centreY] = mercator(middle.lng, middle.lat);
    const { clientWidth, clientHeight } = map.getContainer();
    let best = reach * reach;
    let found = null;
    for (let index = 0; index < this.count; index++) {
      let across = this.places[index * 2] - centreX;
      across -= Math.round(across);
      const x = across * world + clientWidth / 2 - point.x;
      const y = (this.places[index * 2 + 1] - centreY) * world + clientHeight / 2 - point.y;
      const far = x * x + y * y;
      if (far < best) {
        best = far;
        found = this.ids[index];
      }
    }
    return found;
  }
}

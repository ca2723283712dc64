// The list beside the live map: lines made when they are needed, and only those on the screen kept up to date.
import { age, make, stateElement, stateWords } from "../lib/read.js";

const PAGE = 100;
/** Pixels of a line, as the style has it, before one was measured. */
const LINE = 57;
/** Lines above and below the screen that are kept up to date too. */
const MARGIN = 4;

export class FleetList {
  /** @param {HTMLElement} element @param {{ask: (message: any) => void, picked: () => number | null}} host */
  constructor(element, { ask, picked }) {
    this.element = element;
    this.ask = ask;
    this.picked = picked;
    this.lines = new Map();
    /** @type {ArrayLike<number>} */
    this.order = [];
    this.found = 0;
    this.count = PAGE;
    this.inView = false;
    this.from = 0;
    this.to = 30;
    this.more = make("li", { className: "none muted" });
    element.addEventListener("scroll", () => {
      this.coming ||= requestAnimationFrame(() => this.scrolled());
    });
    new ResizeObserver(() => this.scrolled()).observe(element);
  }

  scrolled() {
    this.coming = 0;
    const line = this.element.querySelector("li")?.offsetHeight || LINE;
    const { scrollTop, clientHeight } = this.element;
    this.from = Math.max(0, Math.floor(scrollTop / line) - MARGIN);
    this.to = Math.ceil((scrollTop + clientHeight) / line) + MARGIN;
    if (this.to > this.count - MARGIN && this.count < this.found) this.count += PAGE;
    this.want();
  }

  /** From the top, since what is listed is something else. */
  anew() {
    this.count = PAGE;
    this.element.scrollTop = 0;
    this.from = 0;
    this.to = 30;
  }

  want() {
    const { count, from, to, inView } = this;
    this.ask({ kind: "list", list: { count, from, to, inView } });
  }

  /** @param {{found: number, order: Int32Array | null, rows: any[]}} listing @param {number} total */
  show({ found, order, rows }, total) {
    this.found = found;
    for (const row of rows) this.write(row);
    if (order) {
      this.order = order;
      const kept = new Map();
      for (const device of order) kept.set(device, this.lines.get(device));
      this.lines = kept;
      this.element.replaceChildren(...kept.values());
    }
    if (!order && this.more.isConnected === found > this.order.length && found) return;
    this.more.textContent = found ? `${(found - this.order.length).toLocaleString("en")} more below: scroll, or filter` : total ? "No vehicle fits." : "No vehicles yet.";
    if (found > this.order.length || !found) this.element.append(this.more);
    else this.more.remove();
  }

  line(device) {
    return this.lines.get(device);
  }

  write(row) {
    let line = this.lines.get(row.device_id);
    if (!line) {
      line = make("li", { "data-device": row.device_id });
      line.append(make("a", {}));
      this.lines.set(row.device_id, line);
      line.parts = {};
    }
    const words = stateWords(row);
    const key = `${row.name}|${words}|${row.state}|${row.vehicle_id}`;
    if (line.key !== key) this.rewrite(line, row, words, key);
    line.at = row.fix_at_ms;
    this.aged(line, Date.now());
    this.mark(line, row.device_id === this.picked());
  }

  rewrite(line, row, words, key) {
    line.key = key;
    const link = line.firstElementChild;
    link.href = row.vehicle_id ? `/vehicles/${row.vehicle_id}` : `/devices/${row.device_id}`;
    const parts = line.parts;
    if (parts.state === row.state && parts.name === row.name) {
      parts.words.nodeValue = words;
      return;
    }
    const state = stateElement(row.state, words);
    line.parts = { state: row.state, name: row.name, words: state.lastChild, age: make("span", { className: "age num" }) };
    line.aged = "";
    link.replaceChildren(make("span", { className: "top" }, make("span", { className: "title" }, row.name), line.parts.age), state);
  }

  mark(line, on) {
    if (line.marked === on) return;
    line.marked = on;
    if (on) line.firstElementChild.setAttribute("aria-current", "true");
    else line.firstElementChild.removeAttribute("aria-current");
  }

  remark() {
    for (const [device, line] of this.lines) this.mark(line, device === this.picked());
  }

  aged(line, now) {
    const text = age(line.at, now);
    if (line.aged === text) return;
    line.aged = text;
    line.parts.age.textContent = text;
  }

  /** Ages of what is on the screen. @param {number} now */
  tick(now) {
    for (let index = this.from; index < Math.min(this.to, this.order.length); index++) {
      const line = this.lines.get(this.order[index]);
      if (line) this.aged(line, now);
    }
  }
}

// How values read: the visitor's units and time zone, ages, states. The server's pages say the same in the same words.
import { locale, t } from "./texts.js";

export const MILES = 0.621371192;
export const STATES = ["moving", "idle", "offline", "alarm"];
/** @type {Record<string, () => string>} */
const ALARMS = {
  modified: () => t("Device moved to other place"), unplugged: () => t("Power cut"), no_signal: () => t("No contact"), no_gps: () => t("No GPS"), bad_gps: () => t("Weak GPS"),
};
/** @type {Record<string, () => string>} */
const WORDS = { moving: () => t("Moving"), idle: () => t("Idle"), offline: () => t("Offline"), not_moved: () => t("Not moved"), unused: () => t("No data yet") };
/** @type {Record<string, string>} */
const SHAPES = {
  moving: '<path d="M7 1l5 12-5-3-5 3z" fill="currentColor"/>',
  idle: '<path d="M3 2h3v10H3zM8 2h3v10H8z" fill="currentColor"/>',
  alarm: '<path d="M7 .5L13.5 7 7 13.5.5 7z" fill="currentColor"/>',
  offline: '<circle cx="7" cy="7" r="4.8" fill="none" stroke="currentColor" stroke-width="2.2"/>',
};

export const imperial = () => document.body.dataset.units === "imperial";
export const zone = () => document.body.dataset.zone || "UTC";

/** @param {number} value @param {number} [places] exactly so many, or as many as it has up to three */
export function number(value, places) {
  return value.toLocaleString(locale(), places === undefined ? {} : { maximumFractionDigits: places, minimumFractionDigits: places });
}

/** @param {number | null | undefined} km */
export function distance(km) {
  if (km === null || km === undefined) return "–";
  const value = imperial() ? km * MILES : km;
  return `${number(value, value < 1000 ? 1 : 0)} ${imperial() ? "mi" : "km"}`;
}

/** @param {number | null | undefined} kmh */
export function speed(kmh) {
  if (kmh === null || kmh === undefined) return "–";
  return imperial() ? `${Math.round(kmh * MILES)} mph` : `${Math.round(kmh)} km/h`;
}

/** @param {number | null | undefined} atMs @param {number} [nowMs] */
export function age(atMs, nowMs = Date.now()) {
  if (!atMs) return t("never");
  const seconds = Math.max(0, Math.floor((nowMs - atMs) / 1000));
  if (seconds >= 172800) return t("{count} days ago", { count: Math.floor(seconds / 86400) });
  if (seconds >= 86400) return t("1 day ago");
  if (seconds >= 3600) return t("{count} h ago", { count: Math.floor(seconds / 3600) });
  if (seconds >= 60) return t("{count} min ago", { count: Math.floor(seconds / 60) });
  return t("{count} s ago", { count: seconds });
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();
/** @param {number} atMs @param {Intl.DateTimeFormatOptions} options */
function formatted(atMs, options) {
  const key = zone() + JSON.stringify(options);
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.DateTimeFormat(locale(), { timeZone: zone(), hourCycle: "h23", ...options })));
  return format.format(atMs);
}
/** @param {number} atMs */
export const clock = (atMs) => formatted(atMs, { hour: "2-digit", minute: "2-digit" });
/** @param {number} atMs */
export const clockSeconds = (atMs) => formatted(atMs, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
/** @param {number} atMs */
export const moment = (atMs) => formatted(atMs, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
/** @param {number} atMs */
export const day = (atMs) => formatted(atMs, { weekday: "short", day: "numeric", month: "short" });

/** @param {number} milliseconds */
export function lasting(milliseconds) {
  const minutes = Math.max(0, Math.round(milliseconds / 60000));
  if (minutes < 60) return t("{minutes} min", { minutes });
  return t("{hours} h {minutes} min", { hours: Math.floor(minutes / 60), minutes: String(minutes % 60).padStart(2, "0") });
}

/** One of STATES. @param {{alarm?: string | null, status: string}} row */
export function stateOf(row) {
  if (row.alarm) return "alarm";
  return row.status === "moving" || row.status === "idle" ? row.status : "offline";
}

/** @param {{alarm?: string | null, status: string, speed_kmh?: number | null}} row */
export function stateWords(row) {
  if (row.alarm) return ALARMS[row.alarm]?.() || row.alarm;
  if (row.status === "moving" && row.speed_kmh != null) return t("Moving, {speed}", { speed: speed(row.speed_kmh) });
  return WORDS[row.status]?.() || row.status;
}

/** The shape and the words of a state. @param {string} state @param {string} text */
export function stateElement(state, text) {
  const found = document.createElement("span");
  found.className = `state ${state}`;
  found.innerHTML = `<svg viewBox="0 0 14 14" aria-hidden="true">${SHAPES[state] || SHAPES.offline}</svg>`;
  found.append(text);
  return found;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, any>} [properties] @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, properties = {}, ...children) {
  /** @type {any} */
  const found = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in found && name !== "list") found[name] = value;
    else found.setAttribute(name, value);
  }
  found.append(...children);
  return found;
}

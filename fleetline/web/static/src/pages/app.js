// What every page has: lists that filter themselves, the palette, keys, ages that grow, ticks, copy buttons, toasts.
import "htmx.org";
import { Palette } from "../islands/palette.js";
import { keyboard } from "../lib/keyboard.js";
import { probe } from "../lib/probe.js";
import { age } from "../lib/read.js";
import { t } from "../lib/texts.js";
import { ticked } from "../lib/ticks.js";

const TOAST_MS = 15_000;
const COPIED_MS = 1500;
const AGES_MS = 5000;
const signedIn = Boolean(document.body.dataset.csrf);

/** @type {Palette | undefined} */
let palette;
const openPalette = () => (palette ||= new Palette()).open();
if (signedIn) keyboard(openPalette);

setInterval(() => {
  for (const place of document.querySelectorAll("time[data-age]")) {
    if (place instanceof HTMLElement) place.textContent = age(Number(place.dataset.age));
  }
}, AGES_MS);

/** @param {Element} target */
function copied(target) {
  const copy = target.closest("[data-copy]");
  if (!(copy instanceof HTMLElement)) return;
  const words = copy.textContent;
  navigator.clipboard?.writeText(copy.dataset.copy || "").then(() => {
    copy.textContent = t("Copied");
    setTimeout(() => (copy.textContent = words), COPIED_MS);
  });
}

/** @param {Element} target */
function closeMenus(target) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu instanceof HTMLDetailsElement && !menu.contains(target)) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  if (target.closest("[data-palette]")) openPalette();
  const close = target.closest("[data-close]");
  if (close) {
    event.preventDefault();
    close.closest("[data-toast]")?.remove();
    history.replaceState(null, "", close.getAttribute("href") || location.pathname);
  }
  copied(target);
  ticked(target, event.shiftKey);
  closeMenus(target);
});

addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!(menu instanceof HTMLDetailsElement)) return;
  menu.open = false;
  menu.querySelector("summary")?.focus();
});

document.addEventListener("change", (event) => {
  if (!(event.target instanceof HTMLSelectElement)) return;
  if (event.target.id === "f-theme" && event.target.closest("[data-theme-form]")) document.documentElement.dataset.theme = event.target.value;
  if (event.target.matches("[data-submit]")) event.target.form?.requestSubmit();
});

// what takes a while says so at once
document.addEventListener("submit", (event) => {
  const form = event.target instanceof HTMLFormElement ? event.target : null;
  const button = form?.dataset.busy ? form.querySelector("button") : null;
  if (!form || !button) return;
  button.textContent = form.dataset.busy || "";
  const bar = document.createElement("progress");
  bar.setAttribute("aria-label", form.dataset.busy || "");
  button.append(bar);
  setTimeout(() => (button.disabled = true));
});

const focused = document.querySelector("[data-focus]");
if (focused instanceof HTMLElement) focused.focus();

const toast = document.querySelector("[data-toast]");
if (toast) {
  const query = new URLSearchParams(location.search);
  query.delete("done");
  query.delete("undo");
  history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
  // it stays for as long as somebody is at it
  const end = () => (toast.matches(":hover, :focus-within") ? setTimeout(end, TOAST_MS / 5) : toast.remove());
  setTimeout(end, TOAST_MS);
}

const waiting = document.querySelector("[data-probe]");
if (waiting) probe(waiting);

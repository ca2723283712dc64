// What every page has: lists that filter themselves, the palette, keys, ages that grow, ticks, copy buttons, toasts.
import "htmx.org";
import { Palette } from "../islands/palette.js";
import { ask } from "../lib/api.js";
import { keyboard } from "../lib/keyboard.js";
import { age } from "../lib/read.js";

const body = document.body;
const signedIn = Boolean(body.dataset.csrf);

let palette;
const openPalette = () => (palette ||= new Palette()).open();
if (signedIn) keyboard(openPalette);

setInterval(() => {
  for (const place of document.querySelectorAll("time[data-age]")) place.textContent = age(Number(place.dataset.age));
}, 5000);

function ticks() {
  const boxes = [...document.querySelectorAll("input[name=id][type=checkbox]")];
  const count = boxes.filter((box) => box.checked).length;
  for (const place of document.querySelectorAll("[data-ticked]")) place.textContent = `${count} ticked`;
  for (const all of document.querySelectorAll("[data-all]")) {
    all.checked = count > 0 && count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
  }
}

let lastBox = null;
document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  if (target.closest("[data-palette]")) openPalette();
  const close = target.closest("[data-close]");
  if (close) {
    event.preventDefault();
    close.closest("[data-toast]")?.remove();
    history.replaceState(null, "", close.getAttribute("href"));
  }
  const copy = target.closest("[data-copy]");
  if (copy) {
    const words = copy.textContent;
    navigator.clipboard?.writeText(copy.dataset.copy).then(() => {
      copy.textContent = "Copied";
      setTimeout(() => (copy.textContent = words), 1500);
    });
  }
  const box = target.closest("input[name=id][type=checkbox]");
  if (box) {
    const boxes = [...document.querySelectorAll("input[name=id][type=checkbox]")];
    if (event.shiftKey && lastBox) {
      const [from, to] = [boxes.indexOf(lastBox), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
    }
    lastBox = box;
    ticks();
  }
  const all = target.closest("[data-all]");
  if (all) {
    for (const one of document.querySelectorAll("input[name=id][type=checkbox]")) one.checked = all.checked;
    ticks();
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
});

addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary")?.focus();
});

document.addEventListener("change", (event) => {
  if (!(event.target instanceof HTMLSelectElement)) return;
  if (event.target.id === "f-theme" && event.target.closest("[data-theme-form]")) document.documentElement.dataset.theme = event.target.value;
  if (event.target.matches("[data-submit]")) event.target.form?.requestSubmit();
});

document.querySelector("[data-focus]")?.focus();
if (document.querySelector("[data-toast]")) {
  const query = new URLSearchParams(location.search);
  query.delete("done");
  query.delete("undo");
  history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
  setTimeout(() => document.querySelector("[data-toast]")?.remove(), 12_000);
}

if (document.querySelector("[data-probe]")) {
  const before = ask("/live").then((found) => found.fix_at_ms.filter(Boolean).length + found.heard_at_ms.filter(Boolean).length);
  const look = setInterval(async () => {
    const found = await ask("/live").catch(() => null);
    const count = found ? found.fix_at_ms.filter(Boolean).length + found.heard_at_ms.filter(Boolean).length : 0;
    if (count > (await before)) location.reload();
  }, 3000);
  addEventListener("pagehide", () => clearInterval(look));
}

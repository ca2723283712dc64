// The keys that work on every page; those of one letter can be switched off in the settings.
import { make } from "./read.js";
import { t } from "./texts.js";

/** @returns {[string, string][]} keys and what they do */
const helpLines = () => [
  ["Ctrl K", t("find anything")], ["/", t("go to the filter")], ["j, k", t("next, previous row")], ["x", t("tick the row")], ["e", t("edit the row or the vehicle")],
  ["Enter", t("open the row")], ["space", t("play or stop the replay")], ["← →", t("one position back or on")], ["Shift ← →", t("a minute back or on")], ["?", t("this help")],
];

/** @param {EventTarget | null} target */
const typing = (target) => target instanceof Element && target.closest("input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]");

function rows() {
  return [...document.querySelectorAll("table.list tbody tr, .vehicles li[data-device], .trips li[data-trip]")];
}

/** @param {number} way */
function move(way) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.contains(document.activeElement));
  const row = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + way))];
  const place = row.querySelector("a.name, a");
  if (place instanceof HTMLElement) place.focus();
}

/** @param {string} place */
function focus(place) {
  const found = document.querySelector(place);
  if (found instanceof HTMLElement) found.focus();
}

/** The row that has the focus is ticked, or not any more. */
function tick() {
  const box = document.activeElement?.closest("tr")?.querySelector("input[type=checkbox]");
  if (box instanceof HTMLInputElement) box.click();
}

/** What the focus is on, else what the page is about. */
function edit() {
  const row = document.activeElement?.closest("tr, li")?.querySelector("[data-edit]");
  const found = row || document.querySelector(".head [data-edit]");
  if (found instanceof HTMLElement && found.dataset.edit) location.assign(found.dataset.edit);
}

function help() {
  const lines = helpLines().flatMap(([keys, what]) => [make("dt", {}, make("kbd", {}, keys)), make("dd", {}, what)]);
  const close = make("button", { className: "btn", type: "button" }, t("Close"));
  const dialog = make("dialog", { ariaLabel: t("Keyboard") }, make("div", { className: "card" }, make("header", {}, make("h2", {}, t("Keyboard")), close), make("div", { className: "body" }, make("dl", { className: "kv" }, ...lines))));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {() => void} palette */
export function keyboard(palette) {
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return palette();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.body.dataset.shortcuts === "no") return;
    if (event.key === "/") focus("[data-filter]");
    else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "x") tick();
    else if (event.key === "e") edit();
    else if (event.key === "?") help();
    else return;
    event.preventDefault();
  });
}

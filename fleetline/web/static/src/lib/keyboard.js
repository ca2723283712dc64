// The keys that work on every page; those of one letter can be switched off in the settings.
import { make } from "./read.js";

const HELP = [
  ["Ctrl K", "find anything"], ["/", "go to the filter"], ["j, k", "next, previous row"], ["x", "tick the row"], ["Enter", "open the row"],
  ["space", "play or stop the replay"], ["← →", "one position back or on"], ["Shift ← →", "a minute back or on"], ["?", "this help"],
];

const typing = (target) => target instanceof Element && target.closest("input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]");

function rows() {
  return [...document.querySelectorAll("table.list tbody tr, .vehicles li[data-device], .trips li[data-trip]")];
}

function move(way) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.contains(document.activeElement));
  const row = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + way))];
  (row.querySelector("a.name, a") || row).focus();
}

function help() {
  const lines = HELP.flatMap(([keys, what]) => [make("dt", {}, make("kbd", {}, keys)), make("dd", {}, what)]);
  const close = make("button", { className: "btn", type: "button" }, "Close");
  const dialog = make("dialog", { ariaLabel: "Keyboard" }, make("div", { className: "card" }, make("header", {}, make("h2", {}, "Keyboard"), close), make("div", { className: "body" }, make("dl", { className: "kv" }, ...lines))));
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
    if (event.key === "/") document.querySelector("[data-filter]")?.focus();
    else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "x") document.activeElement?.closest("tr")?.querySelector("input[type=checkbox]")?.click();
    else if (event.key === "?") help();
    else return;
    event.preventDefault();
  });
}

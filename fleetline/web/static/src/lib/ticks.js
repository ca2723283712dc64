// The boxes of a list: a range with shift, all on the page, all that match; how many are ticked is said beside the actions.
import { t } from "./texts.js";

const BOX = "input[name=id][type=checkbox]";
/** @type {HTMLInputElement | null} the box that was ticked before, where a range begins */
let last = null;

/** @returns {HTMLInputElement[]} */
const boxes = () => [...document.querySelectorAll(BOX)].filter((box) => box instanceof HTMLInputElement);

function tell() {
  const all = boxes();
  const count = all.filter((box) => box.checked).length;
  const every = document.querySelector("[data-every]:checked") !== null;
  for (const place of document.querySelectorAll("[data-ticked]")) place.textContent = every ? t("All that match are ticked") : t("{count} ticked", { count });
  for (const head of document.querySelectorAll("[data-all]")) {
    if (!(head instanceof HTMLInputElement)) continue;
    head.checked = count > 0 && count === all.length;
    head.indeterminate = count > 0 && count < all.length;
  }
}

/** What a click means for the boxes. @param {Element} target @param {boolean} range */
export function ticked(target, range) {
  const box = target.closest(BOX);
  if (box instanceof HTMLInputElement) {
    const all = boxes();
    if (range && last && all.includes(last)) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      for (const between of all.slice(from, to + 1)) between.checked = box.checked;
    }
    last = box;
    tell();
  }
  const head = target.closest("[data-all]");
  if (head instanceof HTMLInputElement) {
    for (const one of boxes()) one.checked = head.checked;
    tell();
  }
  const every = target.closest("[data-every]");
  if (every instanceof HTMLInputElement) {
    if (every.checked) for (const one of boxes()) one.checked = true;
    tell();
  }
}

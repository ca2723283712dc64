// Watches for the first message of a device and shows the page anew when it has come.
import { ask } from "./api.js";
import { t } from "./texts.js";

const EVERY_MS = 3000;

async function heard() {
  const found = await ask("/live");
  return found.fix_at_ms.filter(Boolean).length + found.heard_at_ms.filter(Boolean).length;
}

/** @param {Element} place says that it is waiting, and that something came */
export function probe(place) {
  const before = heard();
  const said = place.querySelector("[data-probe-says]") || place;
  const look = setInterval(async () => {
    const count = await heard().catch(() => null);
    if (count === null || count <= (await before)) return;
    clearInterval(look);
    said.textContent = t("It is here.");
    location.reload();
  }, EVERY_MS);
  addEventListener("pagehide", () => clearInterval(look));
}

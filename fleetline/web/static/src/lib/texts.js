// What the scripts say, through the catalogue that the pages use: English is the key of every other language.

/** @type {Record<string, string> | null} */
let texts = null;

function catalogue() {
  if (texts === null) {
    const place = document.getElementById("texts");
    texts = place ? JSON.parse(place.textContent || "{}") : {};
  }
  return texts || {};
}

/**
 * The message in the language of the page, its `{names}` filled in.
 * @param {string} message @param {Record<string, string | number>} [values]
 */
export function t(message, values = {}) {
  const found = catalogue()[message] ?? message;
  return found.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** For Intl: British order and a day of 24 hours where the page is English. */
export const locale = () => (document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang);

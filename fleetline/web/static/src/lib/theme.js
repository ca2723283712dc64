// The colours of the page as canvas and charts need them, and a word when they change.

/** @param {string} name of a token, without dashes */
export function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}

/** Calls back whenever the theme becomes another one. @param {() => void} act @returns {() => void} which ends it */
export function onTheme(act) {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(act);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  query.addEventListener("change", act);
  return () => {
    observer.disconnect();
    query.removeEventListener("change", act);
  };
}

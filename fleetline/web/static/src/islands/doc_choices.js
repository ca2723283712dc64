// Choices of the documentation page without loading it anew: language, environment, columns and theme keep the place that is read.

/** @type {HTMLFormElement | null} */
const form = document.querySelector("form[data-choices]");

/** The address of this page with what is chosen now. */
function address() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) query.set(name, String(value));
  return `${location.pathname}${query.size ? `?${query}` : ""}`;
}

/** The same page as the server makes it with these choices; its samples take the places of those shown. */
async function newSamples() {
  /** @type {HTMLElement[]} */
  const places = [...document.querySelectorAll("[data-sample]")].filter((one) => one instanceof HTMLElement);
  for (const place of places) place.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address(), { credentials: "same-origin" });
    if (!answer.ok) throw new Error(`${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = new Map([...page.querySelectorAll("[data-sample]")].map((one) => [one.getAttribute("data-sample"), one]));
    for (const place of places) place.replaceWith(found.get(place.dataset.sample) || place);
  } catch {
    location.assign(address());
  }
}

form?.addEventListener("change", (event) => {
  if (!(event.target instanceof HTMLSelectElement)) return;
  event.stopPropagation();
  const { name, value } = event.target;
  if (name === "theme") document.documentElement.dataset.theme = value || form.dataset.own || "system";
  if (name === "columns") document.querySelector(".doc")?.classList.toggle("one", value === "1");
  if (name === "lang" || name === "env") newSamples();
  history.replaceState(null, "", address() + location.hash);
  for (const link of form.querySelectorAll("a")) link.search = new URL(address(), location.href).search;
});

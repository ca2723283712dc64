// Ctrl+K: one box that finds pages, actions, vehicles, drivers, groups and devices.
import { ask } from "../lib/api.js";
import { make } from "../lib/read.js";
import { t } from "../lib/texts.js";

/** @type {Record<string, () => string>} */
const KINDS = { vehicle: () => t("Vehicle"), driver: () => t("Driver"), vehicle_group: () => t("Group"), driver_group: () => t("Group of drivers"), device: () => t("Device") };
/** @type {Record<string, (id: number) => string>} */
const WHERE = {
  vehicle: (id) => `/vehicles/${id}`, driver: (id) => `/drivers/${id}`, device: (id) => `/devices/${id}`,
  vehicle_group: (id) => `/vehicles?group=${id}`, driver_group: (id) => `/drivers?group=${id}`,
};
/** @returns {[string, string][]} what every page can be left for */
const everywhere = () => [
  [t("Home"), "/"], [t("Live map"), "/map"], [t("Vehicles"), "/vehicles"], [t("Drivers"), "/drivers"], [t("Devices"), "/devices"], [t("Groups"), "/groups"],
  [t("Solar resources"), "/solar/resources"], [t("Solar fleets"), "/solar/fleets"], [t("License Settings, API keys"), "/License"], [t("Request log"), "/requests"],
  [t("API documentation"), "/docs"], [t("Settings"), "/settings"], [t("Users"), "/settings/users"], [t("Audit trail"), "/settings/audit"],
  [t("Add a device and its vehicle"), "/devices/new"], [t("Add a driver"), "/drivers/new"], [t("Import vehicles"), "/import/vehicles"], [t("Import devices"), "/import/devices"],
  [t("Import solar resources"), "/import/solar"], [t("Past imports"), "/imports"],
  [t("Vehicles that have an alarm"), "/vehicles?status=alarm"], [t("Vehicles that move"), "/vehicles?status=moving"],
];

export class Palette {
  constructor() {
    this.input = make("input", { type: "text", placeholder: t("Find a vehicle, a page, anything"), ariaLabel: t("Find anything"), autocomplete: "off", spellcheck: false, role: "combobox" });
    this.input.setAttribute("aria-expanded", "true");
    this.input.setAttribute("aria-controls", "palette-list");
    this.input.setAttribute("aria-autocomplete", "list");
    this.list = make("ul", { id: "palette-list", role: "listbox", ariaLabel: t("Found") });
    this.dialog = make("dialog", { className: "palette", ariaLabel: t("Find anything") }, this.input, this.list);
    document.body.append(this.dialog);
    this.input.addEventListener("input", () => this.find());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("click", (event) => this.go(event.target instanceof Element ? event.target.closest("li") : null));
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
  }

  open() {
    if (this.dialog.open) return;
    this.input.value = "";
    this.dialog.showModal();
    this.find();
  }

  async find() {
    const text = this.input.value.trim();
    const wanted = text.toLowerCase();
    this.asked?.abort();
    const pages = everywhere().filter(([name]) => name.toLowerCase().includes(wanted)).map(([name, href]) => ({ name, href, kind: t("Page"), hint: "" }));
    this.show(pages, text);
    if (!wanted) return;
    this.asked = new AbortController();
    try {
      const found = await ask(`/search?q=${encodeURIComponent(text)}`, { signal: this.asked.signal });
      const things = found.items.map((hit) => ({ name: hit.name, href: WHERE[hit.kind](hit.id), kind: KINDS[hit.kind](), hint: hit.hint || "" }));
      this.show([...things, ...pages], text);
    } catch (fault) {
      if (!(fault instanceof DOMException && fault.name === "AbortError")) this.show(pages, text);
    }
  }

  show(items, text) {
    const lines = items.slice(0, 40).map((item, index) => {
      const line = make("li", { id: `palette-${index}`, role: "option", "data-href": item.href }, make("span", {}, item.name), make("span", { className: "muted small" }, item.hint), make("span", { className: "kind" }, item.kind));
      line.setAttribute("aria-selected", "false");
      return line;
    });
    this.list.replaceChildren(...lines);
    this.dialog.querySelector(".none")?.remove();
    if (!lines.length) this.dialog.append(make("p", { className: "none", role: "status" }, t("Nothing is called “{text}”.", { text })));
    this.mark(0);
  }

  mark(index) {
    const lines = [...this.list.children];
    this.at = Math.max(0, Math.min(lines.length - 1, index));
    lines.forEach((line, place) => line.setAttribute("aria-selected", String(place === this.at)));
    lines[this.at]?.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", lines[this.at]?.id || "");
  }

  key(event) {
    if (event.key === "ArrowDown") this.mark(this.at + 1);
    else if (event.key === "ArrowUp") this.mark(this.at - 1);
    else if (event.key === "Enter") this.go(this.list.children[this.at]);
    else return;
    event.preventDefault();
  }

  go(line) {
    if (line) location.assign(line.dataset.href);
  }
}

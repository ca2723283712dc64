// The console beside an operation: values are typed in, sent to this very server, and the answer is shown; secrets are not kept.
import { make } from "../lib/read.js";
import { t } from "../lib/texts.js";

const LONGEST = 20_000;
/** @type {Record<string, string>} what was typed in once on this page, for the other calls of it */
const typed = {};
const SECRETS = { fleetview: ["X-Api-Key", "Authorization"], trimble: ["Authorization"], own: [], fleetize: [] };

class TryIt extends HTMLElement {
  connectedCallback() {
    const opener = make("button", { type: "button", className: "btn small" }, t("Try it"));
    opener.addEventListener("click", () => this.open());
    this.replaceChildren(opener);
  }

  open() {
    const { api, method, path, media } = this.dataset;
    const given = (this.dataset.values || "").split(",");
    const where = (this.dataset.places || "").split(",");
    const names = given.filter(Boolean);
    const places = where.filter((_, index) => given[index]);
    const form = places.includes("form");
    this.inputs = [];
    const box = make("form", { className: "try" });
    const add = (name, place) => {
      const secret = /key|authorization|token|secret|password/i.test(name);
      const input = make("input", { id: `${this.dataset.key}-${name}`, autocomplete: "off", type: secret ? "password" : "text", value: typed[name] || "" });
      if (name === "Authorization") input.placeholder = "Bearer …";
      this.inputs.push({ name, place, input });
      box.append(make("div", { className: "field" }, make("label", { htmlFor: input.id }, name, " ", make("span", { className: "muted small" }, place)), input));
    };
    for (const name of SECRETS[api] || []) if (!names.some((one) => one.toLowerCase() === name.toLowerCase())) add(name, "header");
    names.forEach((name, index) => add(name, places[index]));
    if (media && !form) {
      this.body = make("textarea", { id: `${this.dataset.key}-body`, spellcheck: false, value: this.dataset.body || "" });
      box.append(make("div", { className: "field" }, make("label", { htmlFor: this.body.id }, `${t("Body")} `, make("span", { className: "muted small" }, media)), this.body));
    }
    const send = make("button", { className: "btn small first" }, t("Send {method}", { method }));
    this.result = make("pre", { hidden: true, tabIndex: 0, ariaLabel: t("Answer") });
    box.append(make("div", { className: "acts" }, send, make("span", { className: "muted small" }, t("to {place}", { place: `${location.host}${path}` }))), this.result);
    box.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.replaceChildren(box);
    /** @type {HTMLElement} */ (box.querySelector("input, textarea, button")).focus();
  }

  async send() {
    const { method, media, api } = this.dataset;
    let path = this.dataset.path;
    const query = new URLSearchParams();
    const fields = new URLSearchParams();
    /** @type {Record<string, string>} */
    const headers = {};
    for (const { name, place, input } of this.inputs) {
      typed[name] = input.value;
      if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(input.value));
      else if (place === "form" && input.value) fields.set(name, input.value);
      else if (place === "query" && input.value) query.set(name, input.value);
      else if (place === "header" && input.value) headers[name] = input.value;
    }
    if (media) headers["content-type"] = media;
    if (api === "own" && method !== "GET") headers["x-fleetline-csrf"] = document.body.dataset.csrf || "";
    this.result.hidden = false;
    this.result.textContent = "…";
    const began = performance.now();
    try {
      const answer = await fetch(`${path}${query.size ? `?${query}` : ""}`, {
        method, headers, body: method === "GET" || !media ? undefined : this.body ? this.body.value : fields, credentials: api === "own" ? "same-origin" : "omit",
      });
      const text = await answer.text();
      const kind = answer.headers.get("content-type") || "";
      let shown = text;
      if (kind.includes("json")) shown = JSON.stringify(JSON.parse(text), null, 2);
      this.result.textContent = `${answer.status} ${answer.statusText} · ${Math.round(performance.now() - began)} ms · request ${answer.headers.get("x-request-id") || ""}\n\n${shown.slice(0, LONGEST)}`;
    } catch (fault) {
      this.result.textContent = t("No answer: {why}", { why: fault instanceof Error ? fault.message : String(fault) });
    }
  }
}

customElements.define("try-it", TryIt);

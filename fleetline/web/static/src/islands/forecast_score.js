// How near the forecasts of a day before came to the meters: asked for when it comes into view, since it takes the server a while.
import { ask } from "../lib/api.js";
import { DAY_MS } from "../lib/power.js";
import { make, number } from "../lib/read.js";
import { t } from "../lib/texts.js";

const DAYS = 2;

class ForecastScore extends HTMLElement {
  connectedCallback() {
    this.seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      this.seen.disconnect();
      this.fetch();
    });
    this.replaceChildren(make("p", { className: "small muted" }, t("Computing the forecast's score…")));
    this.seen.observe(this);
  }

  async fetch() {
    const to = Math.floor(Date.now() / 3_600_000) * 3_600_000;
    const found = await ask(`${this.dataset.base}/scores?kind=forecast&hours_ahead=24&from=${to - DAYS * DAY_MS}&to=${to}`).catch(() => null);
    const score = found?.horizons[0]?.score;
    if (!this.isConnected) return;
    if (!score?.periods) return this.replaceChildren(make("p", { className: "small muted" }, t("No forecast of the last days can be compared.")));
    /** @type {HTMLTableRowElement} */
    const row = this.closest("section").querySelector("tr[data-forecast]");
    const share = (value, signed = false) => (value === null ? "–" : `${signed && value > 0 ? "+" : ""}${number(100 * value, 1)} %`);
    [share(score.mbe_share, true), share(score.mae_share), share(score.rmse_share)].forEach((text, index) => (row.cells[index + 1].textContent = text));
    const skill = score.skill === null ? "" : ` ${t("Skill against carrying on the present sky: {skill}.", { skill: number(score.skill, 2) })}`;
    this.replaceChildren(make("p", { className: "small muted" }, `${t("Forecasts over {days} days, {hours} hours of daylight.", { days: DAYS, hours: score.periods })}${skill}`));
  }

  disconnectedCallback() {
    this.seen?.disconnect();
  }
}

customElements.define("forecast-score", ForecastScore);

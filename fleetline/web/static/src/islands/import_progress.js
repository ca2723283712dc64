// How far a long import is; when it is over the page is loaded again and shows what came of it.
import { ask } from "../lib/api.js";
import { number } from "../lib/read.js";
import { t } from "../lib/texts.js";

const LOOK_MS = 700;
const STATES = { queued: "Waiting: {done} of {total}", running: "Running: {done} of {total}" };

class ImportProgress extends HTMLElement {
  connectedCallback() {
    this.look();
  }

  async look() {
    const found = await ask(`/imports/${this.dataset.id}`).catch(() => null);
    if (!this.isConnected) return;
    if (found && !(found.state in STATES)) return location.reload();
    if (found) {
      const bar = this.querySelector("progress");
      bar.max = found.total || 1;
      bar.value = found.done;
      this.querySelector(".progress-words").textContent = t(STATES[found.state], { done: number(found.done), total: number(found.total) });
    }
    this.timer = setTimeout(() => this.look(), LOOK_MS);
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }
}

customElements.define("import-progress", ImportProgress);

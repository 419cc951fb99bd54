import { creditsUrl } from "../operator.js";
import { Router } from "../router.js";
import { element } from "./element.js";
import { moment } from "./format.js";
import { sectionOf, cloneTemplate } from "./parts.js";

const KINDS = {
  grant: ["Granted", "is-in", "+"],
  charge: ["Charged for a video", "", "−"],
  hold: ["Set aside for a video", "is-aside", ""],
  release: ["Given back, no video", "is-aside", ""],
  refund: ["Charge given back", "is-in", "+"],
  withdrawal: ["Taken back", "", "−"],
};

/** Balance, held and available credits, and the latest ledger entries. */
export class CreditsView {
  #account;
  #parts = sectionOf("credits");

  constructor({ account, reportErrors }) {
    this.#account = account;
    account.addEventListener("change", () => this.#show(account.credits));
    this.#parts.getCredits.hidden = !creditsUrl;
    if (creditsUrl) this.#parts.getCredits.href = creditsUrl;
    this.#parts.retry.addEventListener("click", () => reportErrors(() => this.enter()));
  }

  async enter() {
    try {
      await this.#account.refresh();
    } catch (error) {
      this.#parts.trouble.hidden = this.#account.credits !== null;
      throw error;
    }
  }

  #show({ balance, held, available, entries }) {
    const numbers = { balance, held, available };
    for (const [name, number] of Object.entries(numbers)) this.#parts[name].textContent = number;
    const charged = new Set(entries.filter(({ kind }) => kind === "charge").map(({ jobId }) => jobId));
    this.#parts.entries.replaceChildren(...entries.map((entry) => row(entry, charged)));
    this.#parts.table.hidden = entries.length === 0;
    this.#parts.empty.hidden = entries.length > 0;
    this.#parts.trouble.hidden = true;
  }
}

/** @param {Set<string>} charged the jobs that have a video */
function row({ kind, credits, createdAt, jobId, title }, charged) {
  const [name, look, sign] = KINDS[kind];
  const entry = cloneTemplate("entry");
  const hasVideo = kind === "refund" || charged.has(jobId);
  entry.root.className = look;
  entry.what.textContent = name;
  const href = Router.link("library", { video: jobId });
  if (title) entry.title.append(hasVideo ? element("a", { href }, title) : title);
  entry.when.textContent = moment(createdAt);
  entry.amount.textContent = credits === 0 ? "0" : sign + credits;
  return entry.root;
}

import { sectionOf, stamp } from "./parts.js";
import { moment } from "./wording.js";

const KINDS = {
  grant: ["Granted", "is-in", "+"],
  charge: ["Charged for a video", "", "−"],
  hold: ["Set aside for a video", "is-aside", ""],
  release: ["Given back, no video", "is-aside", ""],
};

/** Balance, what is held, what is left, and how it came to be. */
export class CreditsView {
  #account;
  #parts = sectionOf("credits");

  constructor({ account, attempt }) {
    this.#account = account;
    account.addEventListener("change", () => this.#show(account.credits));
    this.#parts.retry.addEventListener("click", () => attempt(() => this.enter()));
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
    this.#parts.entries.replaceChildren(...entries.map(row));
    this.#parts.table.hidden = entries.length === 0;
    this.#parts.empty.hidden = entries.length > 0;
    this.#parts.trouble.hidden = true;
  }
}

function row({ kind, credits, createdAt }) {
  const [name, look, sign] = KINDS[kind];
  const entry = stamp("entry");
  entry.root.className = look;
  entry.what.textContent = name;
  entry.when.textContent = moment(createdAt);
  entry.amount.textContent = credits === 0 ? "0" : sign + credits;
  return entry.root;
}

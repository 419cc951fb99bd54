import { clock, credits, stageLine, titleOf } from "./format.js";
import { disable, isDisabled, cloneTemplate } from "./parts.js";
import { stillUrl } from "./previews.js";
import { showStep } from "./steps.js";

const OFFERS = {
  underWay: ["cancel", "watch"],
  completed: ["play"],
  failed: ["change"],
  cancelled: ["change"],
};
const BUTTONS = ["cancel", "watch", "play", "change"];

/** A job in the activity list: its picture, state and actions. */
export class JobRow {
  #context;
  #parts = cloneTemplate("job");

  constructor(attempt, context, actions) {
    this.attempt = attempt;
    this.#context = context;
    const name = titleOf(attempt.templateSlug, context.catalogue);
    this.#parts.title.textContent = name;
    this.#parts.picture.src = attempt.request?.pictureUrl ?? stillUrl(attempt.templateSlug);
    const all = { ...actions, cancel: () => this.#cancel() };
    for (const button of BUTTONS) {
      this.#parts[button].ariaLabel = `${this.#parts[button].textContent}: ${name}`;
      this.#parts[button].addEventListener("click", () => all[button](attempt));
    }
  }

  get element() {
    return this.#parts.root;
  }

  /** Focuses the first visible button, after the focused one was hidden. */
  focus() {
    this.#parts[OFFERS[this.#state][0]].focus();
  }

  update() {
    const { cancel, steps, note, elapsed, root } = this.#parts;
    const { status, hasEnded, wantsCancel, seconds } = this.attempt;
    const cancelling = wantsCancel || status.stage === "cancelling";
    root.dataset.state = this.#state;
    for (const button of BUTTONS) this.#parts[button].hidden = !OFFERS[this.#state].includes(button);
    steps.hidden = elapsed.hidden = hasEnded;
    elapsed.textContent = ` · ${clock(seconds)}`;
    const line = hasEnded ? this.#outcome : cancelling ? "Cancelling…" : stageLine(status);
    if (note.textContent !== line) note.textContent = line;
    disable(cancel, cancelling || status.stage === "storing");
    showStep(steps, status);
  }

  get #state() {
    if (!this.attempt.hasEnded) return "underWay";
    return this.attempt.error ? "failed" : this.attempt.status.status;
  }

  get #outcome() {
    const { error, status, seconds } = this.attempt;
    if (this.#state === "completed") return `Ready after ${clock(seconds)} · ${credits(status.credits)}`;
    if (this.#state === "cancelled") return "Cancelled. Nothing was charged.";
    return `${error?.message ?? status.error.message} Nothing was charged.`;
  }

  #cancel() {
    if (!isDisabled(this.#parts.cancel)) this.#context.reportErrors(() => this.#context.attempts.cancel(this.attempt));
  }
}

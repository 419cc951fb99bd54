import { disable, isDisabled, stamp } from "./parts.js";
import { pictureOf } from "./previews.js";
import { showStep } from "./steps.js";
import { clock, credits, stageLine, titleOf } from "./wording.js";

const OFFERS = {
  underWay: ["cancel", "watch"],
  completed: ["play"],
  failed: ["change"],
  cancelled: ["change"],
};
const BUTTONS = ["cancel", "watch", "play", "change"];

/** A job's line: its picture, where it stands, and what can be done about it. */
export class JobRow {
  #context;
  #parts = stamp("job");

  constructor(take, context, actions) {
    this.take = take;
    this.#context = context;
    const name = titleOf(take.templateSlug, context.catalogue);
    this.#parts.title.textContent = name;
    this.#parts.picture.src = take.request?.pictureUrl ?? pictureOf(take.templateSlug);
    const all = { ...actions, cancel: () => this.#cancel() };
    for (const button of BUTTONS) {
      this.#parts[button].ariaLabel = `${this.#parts[button].textContent}: ${name}`;
      this.#parts[button].addEventListener("click", () => all[button](take));
    }
  }

  get element() {
    return this.#parts.root;
  }

  /** Where the focus goes when the button that had it is gone. */
  focus() {
    this.#parts[OFFERS[this.#state][0]].focus();
  }

  update() {
    const { cancel, steps, note, elapsed, root } = this.#parts;
    const { status, hasEnded, wantsCancel, seconds } = this.take;
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
    if (!this.take.hasEnded) return "underWay";
    return this.take.error ? "failed" : this.take.status.status;
  }

  get #outcome() {
    const { error, status, seconds } = this.take;
    if (this.#state === "completed") return `Ready after ${clock(seconds)} · ${credits(status.credits)}`;
    if (this.#state === "cancelled") return "Cancelled. Nothing was charged.";
    return `${error?.message ?? status.error.message} Nothing was charged.`;
  }

  #cancel() {
    if (!isDisabled(this.#parts.cancel)) this.#context.attempt(() => this.#context.takes.cancel(this.take));
  }
}

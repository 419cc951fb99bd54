import { clock, credits, moment, stageLine, titleOf, wordsOf } from "./format.js";
import { showPicture } from "./job-picture.js";
import { disable, isDisabled, cloneTemplate } from "./parts.js";
import { showStep } from "./steps.js";
import { waitLine } from "./wait.js";

/** The buttons of each state; the first gets the focus when a focused one goes, so it costs nothing. */
const OFFERS = {
  underWay: ["watch", "cancel"],
  completed: ["play", "change"],
  deleted: ["change"],
  failed: ["change", "repeat"],
  cancelled: ["change"],
};
const BUTTONS = ["cancel", "watch", "play", "repeat", "change"];

/** A job in the activity list: its picture, state and actions. */
export class JobRow {
  #context;
  #parts = cloneTemplate("job");

  constructor(attempt, context, actions) {
    this.attempt = attempt;
    this.#context = context;
    this.#parts.when.textContent = moment(attempt.startedAt);
    this.#parts.when.dateTime = new Date(attempt.startedAt).toISOString();
    const all = { ...actions, cancel: () => context.attempts.cancel(attempt) };
    for (const button of BUTTONS) {
      this.#parts[button].addEventListener("click", () => this.#press(this.#parts[button], all[button]));
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
    const { cancel, steps, note, elapsed, picture, local, root } = this.#parts;
    const { status, hasEnded, isCancelling, templateSlug, seconds } = this.attempt;
    root.dataset.state = this.#state;
    this.#showName();
    for (const button of BUTTONS) this.#parts[button].hidden = !OFFERS[this.#state].includes(button);
    showPicture(picture, this.attempt);
    steps.hidden = elapsed.hidden = hasEnded;
    local.hidden = !status.localPreview;
    const wait = isCancelling ? "" : waitLine(this.#context.catalogue.find(templateSlug), seconds);
    elapsed.textContent = [`\u00a0· ${clock(seconds)}`, wait].filter(Boolean).join("\u00a0· ");
    const line = hasEnded ? this.#outcome : isCancelling ? "Cancelling…" : stageLine(status);
    if (note.textContent !== line) note.textContent = line;
    if (hasEnded) return;
    disable(cancel, isCancelling || status.stage === "storing");
    showStep(steps, status);
  }

  #showName() {
    const { titles, catalogue } = this.#context;
    const { title, words } = this.#parts;
    const { jobId, templateSlug, variables = {} } = this.attempt;
    words.textContent = wordsOf(variables, templateSlug, catalogue);
    const name = titles.of(jobId) ?? titleOf(templateSlug, catalogue);
    if (title.textContent === name) return;
    title.textContent = name;
    for (const button of BUTTONS) this.#parts[button].ariaLabel = `${this.#parts[button].textContent}: ${name}`;
  }

  get #state() {
    const { hasEnded, error, status, jobId } = this.attempt;
    if (!hasEnded) return "underWay";
    if (error) return "failed";
    return status.deletedAt || this.#context.deletions.has(jobId) ? "deleted" : status.status;
  }

  get #outcome() {
    const { error, status, seconds } = this.attempt;
    if (this.#state === "completed") return `Ready after ${clock(seconds)} · ${credits(status.credits)}`;
    if (this.#state === "deleted") return "You deleted this video.";
    if (this.#state === "cancelled") return "Cancelled. Nothing was charged.";
    return `${error?.message ?? status.error.message} Nothing was charged.`;
  }

  /** A button cannot be pressed again until its action is done: each press may start a video. */
  async #press(button, act) {
    if (isDisabled(button)) return;
    disable(button, true);
    await this.#context.reportErrors(() => act(this.attempt));
    disable(button, false);
    this.update();
  }
}

import { JobRow } from "./job-row.js";
import { sectionOf } from "./parts.js";

const TICK = 1000;

/** Unfinished jobs, followed live, and jobs that ended while the page was open. */
export class ActivityView {
  #context;
  #actions;
  #parts = sectionOf("activity");
  #rows = new Map();
  #timer;

  constructor(context, actions) {
    this.#context = context;
    this.#actions = actions;
    context.attempts.addEventListener("change", () => this.show());
  }

  enter() {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.show(), TICK);
    this.show();
  }

  leave() {
    clearInterval(this.#timer);
  }

  show() {
    const rows = this.#context.attempts.all.map((attempt) => this.#row(attempt));
    const held = rows.find((row) => row.element.contains(document.activeElement));
    for (const row of rows) row.update();
    this.#place("running", rows.filter((row) => !row.attempt.hasEnded));
    this.#place("ended", rows.filter((row) => row.attempt.hasEnded));
    this.#parts.empty.hidden = rows.length > 0;
    if (held && !held.element.contains(document.activeElement)) held.focus();
  }

  #row(attempt) {
    if (!this.#rows.has(attempt)) this.#rows.set(attempt, new JobRow(attempt, this.#context, this.#actions));
    return this.#rows.get(attempt);
  }

  /** Moves only rows in the wrong place, so that a row under the pointer stays. */
  #place(name, rows) {
    const list = this.#parts[`${name}Jobs`];
    rows.forEach(({ element }, index) => {
      if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
    });
    while (list.children.length > rows.length) list.lastChild.remove();
    this.#parts[name].hidden = rows.length === 0;
  }
}

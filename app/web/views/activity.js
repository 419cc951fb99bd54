import { JobRow } from "./job-row.js";
import { sectionOf } from "./parts.js";

const TICK = 1000;

/** Unfinished jobs, followed live, and below them all that have ended, a page at a time. */
export class ActivityView {
  #context;
  #screen;
  #actions;
  #parts = sectionOf("activity");
  #rows = new Map();
  #loading = null;
  #timer;
  #endObserver;

  constructor(context, screen, actions) {
    this.#context = context;
    this.#screen = screen;
    this.#actions = actions;
    const { more, end, retry } = this.#parts;
    const load = () => context.reportErrors(() => this.#load());
    more.addEventListener("click", load);
    retry.addEventListener("click", load);
    const reach = ([{ isIntersecting }]) => isIntersecting && !more.hidden && load();
    this.#endObserver = new IntersectionObserver(reach, { rootMargin: "400px" });
    this.#endObserver.observe(end);
    context.attempts.addEventListener("change", () => this.show());
    context.titles.addEventListener("change", () => this.show());
    for (const event of ["change", "undo"]) context.deletions.addEventListener(event, () => this.show());
    screen.addEventListener("close", () => this.show());
  }

  async enter() {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), TICK);
    this.show();
    if (!this.#context.attempts.isHistoryKnown) await this.#load();
  }

  leave() {
    clearInterval(this.#timer);
  }

  /** Nothing moves behind the dialog; its closing shows what has changed. */
  show() {
    if (this.#screen.isOpen) return;
    const { attempts } = this.#context;
    const rows = attempts.all.map((attempt) => this.#row(attempt));
    const held = rows.find((row) => row.element.contains(document.activeElement));
    for (const row of rows) row.update();
    this.#place("running", rows.filter((row) => !row.attempt.hasEnded));
    this.#place("ended", rows.filter((row) => row.attempt.hasEnded));
    this.#parts.empty.hidden = rows.length > 0 || !attempts.isHistoryKnown;
    this.#parts.more.hidden = !attempts.hasMore || !attempts.isHistoryKnown;
    if (held && !held.element.contains(document.activeElement)) held.focus();
  }

  /** Reads the next page of the past. */
  async #load() {
    if (this.#loading) return;
    const { trouble, end } = this.#parts;
    this.#loading = this.#context.attempts.loadMore();
    try {
      await this.#loading;
      trouble.hidden = true;
    } catch (error) {
      trouble.hidden = this.#context.attempts.isHistoryKnown;
      throw error;
    } finally {
      this.#loading = null;
    }
    this.show();
    this.#context.titles.read(this.#inLibrary);
    this.#endObserver.unobserve(end); // observe again: an end that stays visible fires no event
    this.#endObserver.observe(end);
  }

  /** The jobs whose videos have titles of their own. */
  get #inLibrary() {
    const made = this.#context.attempts.all.filter(({ status }) => status.status === "completed" && !status.deletedAt);
    return made.map(({ jobId }) => jobId);
  }

  #tick() {
    for (const [attempt, row] of this.#rows) if (!attempt.hasEnded) row.update();
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

import { GenerationError } from "./errors.js";
import { Job, Listeners } from "./job.js";

/** The jobs of one user that this page knows of, and who follows them. */
export class Jobs {
  all = new Map();
  listeners = new Listeners();
  /** Remembers unfinished ones over a reload; null before the user is known. */
  #memory = null;
  #borrowed = new Map();
  #cancel;
  #submits = 0;
  #early = [];

  constructor(cancel) {
    this.#cancel = cancel;
  }

  get unfinished() {
    return [...this.all.values()].filter((job) => !job.isFinished).map((job) => job.id);
  }

  /** Keep these jobs, and those to come, in a memory. */
  keepIn(memory) {
    this.#memory = memory;
    this.unfinished.forEach((id) => memory.keep(id));
  }

  recall() {
    this.#memory?.ids.forEach((id) => this.know(id));
  }

  know(id) {
    const known = this.all.get(id);
    if (known) return known;
    const job = new Job(id, this.#cancel);
    this.all.set(id, job);
    this.#memory?.keep(id);
    return job;
  }

  /**
   * Wait for the answer to a submit. Its job may be heard of before that: news of jobs that are
   * unknown by then are told afterwards.
   */
  async submitted(answer) {
    this.#submits += 1;
    try {
      return await answer;
    } finally {
      this.#submits -= 1;
      setTimeout(() => this.#early.splice(0).forEach((news) => this.hear(...news)));
    }
  }

  /** Take note of how a job stands, and tell whether that is news. */
  hear(status, how) {
    if (this.#submits && !this.all.has(status.jobId)) {
      this.#early.push([status, how]);
      return false;
    }
    const job = this.know(status.jobId);
    const news = job.accept(status, how);
    if (job.isFinished) this.#memory?.forget(job.id);
    if (news) this.listeners.tell(job);
    return news;
  }

  /** Follow a job for good, or until the signal fires where nobody else follows it. */
  follow(id, signal, left) {
    const borrowed = this.#borrowed.get(id) ?? (this.all.has(id) ? Infinity : 0);
    const job = this.know(id);
    this.#borrowed.set(id, signal ? borrowed + 1 : Infinity);
    const giveUp = () => {
      const others = this.#borrowed.get(id) - 1;
      this.#borrowed.set(id, others);
      if (others > 0) return;
      this.leave(id, GenerationError.ofSilence(signal.reason, signal));
      left();
    };
    if (signal?.aborted) giveUp();
    else signal?.addEventListener("abort", giveUp, { once: true });
    return job;
  }

  /** What another tab that knows these should hear. */
  statuses(ids) {
    return [...this.all.values()]
      .filter((job) => job.latest && (!job.isFinished || ids.includes(job.id)))
      .map((job) => job.latest);
  }

  leave(id, error) {
    this.all.get(id)?.abandon(error);
    this.all.delete(id);
    this.#borrowed.delete(id);
    this.#memory?.forget(id);
  }

  /** Leave them all, remembered as they are. */
  abandon(error) {
    this.all.forEach((job) => job.abandon(error));
    this.all.clear();
    this.#borrowed.clear();
  }
}

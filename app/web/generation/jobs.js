import { GenerationError } from "./errors.js";
import { Job, Listeners } from "./job.js";

/** The jobs of one user that this page knows, and how often each is followed. */
export class Jobs {
  all = new Map();
  listeners = new Listeners();
  /** Keeps the unfinished ones over a reload; null before the first token. */
  #pending = null;
  #followers = new Map();
  #cancel;
  #submits = 0;
  #early = [];

  constructor(cancel) {
    this.#cancel = cancel;
  }

  get unfinished() {
    return [...this.all.values()].filter((job) => !job.isFinished).map((job) => job.id);
  }

  /** Keeps the unfinished jobs, now and later, in a PendingJobs, and no longer in the last one. */
  persistIn(pending) {
    this.unfinished.forEach((id) => this.#pending?.remove(id));
    this.#pending = pending;
    this.unfinished.forEach((id) => pending.add(id));
  }

  restore() {
    this.#pending?.ids.forEach((id) => this.ensure(id));
  }

  ensure(id) {
    const known = this.all.get(id);
    if (known) return known;
    const job = new Job(id, this.#cancel);
    this.all.set(id, job);
    this.#pending?.add(id);
    return job;
  }

  /**
   * Waits for the answer to a submit. The event stream may name the new job before that answer
   * arrives, so updates of unknown jobs are held back until then, when `update` gets them again.
   */
  async awaitSubmit(answer, update) {
    this.#submits += 1;
    try {
      return await answer;
    } finally {
      this.#submits -= 1;
      setTimeout(() => this.#early.splice(0).forEach((held) => update(...held)));
    }
  }

  /** Records a job's status and returns whether it is a change. */
  update(status, source) {
    if (this.#submits && !this.all.has(status.jobId)) {
      this.#early.push([status, source]);
      return false;
    }
    const job = this.ensure(status.jobId);
    const changed = job.update(status, source);
    if (job.isFinished) this.#pending?.remove(job.id);
    if (changed) this.listeners.notify(job);
    return changed;
  }

  /** Follows a job. With a signal, following ends when it fires and nobody else follows the job. */
  follow(id, signal, onRemoved) {
    const followers = this.#followers.get(id) ?? (this.all.has(id) ? Infinity : 0);
    const job = this.ensure(id);
    this.#followers.set(id, signal ? followers + 1 : Infinity);
    const giveUp = () => {
      const others = this.#followers.get(id) - 1;
      this.#followers.set(id, others);
      if (others > 0) return;
      this.remove(id, GenerationError.ofNetwork(signal.reason, signal));
      onRemoved();
    };
    if (signal?.aborted) giveUp();
    else signal?.addEventListener("abort", giveUp, { once: true });
    return job;
  }

  /** The statuses to send to a tab that knows the jobs `ids`. */
  statuses(ids) {
    return [...this.all.values()]
      .filter((job) => job.latest && (!job.isFinished || ids.includes(job.id)))
      .map((job) => job.latest);
  }

  remove(id, error) {
    this.all.get(id)?.abandon(error);
    this.all.delete(id);
    this.#followers.delete(id);
    this.#pending?.remove(id);
  }

  /** Stops following all jobs, but keeps them in the pending jobs. */
  clear(error) {
    this.all.forEach((job) => job.abandon(error));
    this.all.clear();
    this.#early = [];
    this.#followers.clear();
  }
}

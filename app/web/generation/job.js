import { GenerationError } from "./errors.js";

const TERMINAL = ["completed", "failed", "cancelled"];

/** One generation, from the click to the video: the same object for everybody in this page. */
export class Job {
  #id;
  #cancel;
  #latest = null;
  #lines = { Event: 0, Poll: 0 };
  #listeners = new Listeners();
  #settle;

  constructor(id, cancel) {
    this.#id = id;
    this.#cancel = cancel;
    this.finished = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.finished.catch(() => {}); // a job that nobody awaits may fail in peace
  }

  get id() {
    return this.#id;
  }

  /** The last status object heard, or null. */
  get latest() {
    return this.#latest;
  }

  get isFinished() {
    return TERMINAL.includes(this.#latest?.status);
  }

  /** Tell the listener how the job stands, if that is known, and of each change. */
  subscribe(listener) {
    if (this.#latest) listener(this.#latest);
    return this.#listeners.add(listener);
  }

  /** Ask for the end; how it ends is heard like any other change. */
  cancel() {
    return this.#cancel(this.#id);
  }

  /**
   * Take note of a status and tell whether it is news. Streams, polls and other tabs may speak
   * out of turn: an older word is ignored, and a terminal one is the last.
   * @internal
   */
  accept(status, how) {
    if (this.isFinished) {
      if (status.status === this.#latest.status) this.#latest = status; // with fresh addresses
      return false;
    }
    if (!isNewer(status, this.#latest)) return false;
    this.#latest = status;
    this.#log(how);
    this.#listeners.tell(status);
    if (this.isFinished) this.#end(GenerationError.ofJob(status));
    return true;
  }

  /**
   * Leave it: nothing more will be heard of it here.
   * @internal
   */
  abandon(error) {
    this.#settle.reject(error);
  }

  #end(error) {
    if (error) this.#settle.reject(error);
    else this.#settle.resolve(this.#latest);
  }

  #log(how) {
    this.#lines[how] += 1;
    console.log(`[VIDEO] ${how} ${this.#lines[how]}: status=${this.#latest.status}`);
    if (this.#latest.status === "completed") {
      console.log(`[VIDEO] Generation complete: ${this.#latest.key}`);
    }
  }
}

/** Who wants to know; one that throws keeps nothing from the others. */
export class Listeners {
  #all = new Set();

  add(listener) {
    const own = (news) => listener(news);
    this.#all.add(own);
    return () => this.#all.delete(own);
  }

  tell(news) {
    for (const listener of this.#all) {
      try {
        listener(news);
      } catch (error) {
        reportError(error);
      }
    }
  }
}

/** Times are RFC 3339 in UTC with microseconds: their order is the order of their letters. */
function isNewer(status, latest) {
  if (latest === null || TERMINAL.includes(status.status)) return true;
  if (status.updatedAt < latest.updatedAt) return false;
  return JSON.stringify(status) !== JSON.stringify(latest);
}

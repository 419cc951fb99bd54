import { GenerationError } from "./errors.js";

const TERMINAL = ["completed", "failed", "cancelled"];

/** One generation. All users of a VideoGeneration get the same object for one job id. */
export class Job {
  #id;
  #cancel;
  #latest = null;
  #logged = { Event: 0, Poll: 0 };
  #listeners = new Listeners();
  #completion;

  constructor(id, cancel) {
    this.#id = id;
    this.#cancel = cancel;
    this.finished = new Promise((resolve, reject) => {
      this.#completion = { resolve, reject };
    });
    this.finished.catch(() => {}); // no unhandled rejection if nobody awaits it
  }

  get id() {
    return this.#id;
  }

  /** The latest status object, or null. */
  get latest() {
    return this.#latest;
  }

  get isFinished() {
    return TERMINAL.includes(this.#latest?.status);
  }

  /** Calls the listener with the latest status, if known, and on each change. */
  subscribe(listener) {
    if (this.#latest) listener(this.#latest);
    return this.#listeners.add(listener);
  }

  /** Asks the service to cancel; the result arrives like any other change. */
  cancel() {
    return this.#cancel(this.#id);
  }

  /**
   * Records a status and returns whether it is a change. Stream, polls and other tabs may deliver
   * out of order: an older status is ignored, and a terminal one is the last.
   * @internal
   */
  update(status, source) {
    if (this.isFinished) {
      if (status.status === this.#latest.status) this.#latest = status; // it has fresh signed URLs
      return false;
    }
    if (!isNewer(status, this.#latest)) return false;
    this.#latest = status;
    this.#log(source);
    this.#listeners.notify(status);
    if (this.isFinished) this.#end(GenerationError.ofJob(status));
    return true;
  }

  /**
   * Stops following the job: `finished` rejects with the error.
   * @internal
   */
  abandon(error) {
    this.#completion.reject(error);
  }

  #end(error) {
    if (error) this.#completion.reject(error);
    else this.#completion.resolve(this.#latest);
  }

  #log(source) {
    this.#logged[source] += 1;
    console.log(`[VIDEO] ${source} ${this.#logged[source]}: status=${this.#latest.status}`);
    if (this.#latest.status === "completed" && this.#latest.key) {
      console.log(`[VIDEO] Generation complete: ${this.#latest.key}`);
    }
  }
}

/** A set of callbacks; one that throws does not stop the others. */
export class Listeners {
  #all = new Set();

  add(listener) {
    const own = (value) => listener(value);
    this.#all.add(own);
    return () => this.#all.delete(own);
  }

  notify(value) {
    for (const listener of this.#all) reportErrors(() => listener(value));
  }
}

/** Calls code of the app; what it throws goes to the console. */
export function reportErrors(call) {
  try {
    call();
  } catch (error) {
    reportError(error);
  }
}

/** Times are RFC 3339 in UTC with microseconds, so comparing them as strings orders them. */
function isNewer(status, latest) {
  if (latest === null || TERMINAL.includes(status.status)) return true;
  if (status.updatedAt < latest.updatedAt) return false;
  return JSON.stringify(status) !== JSON.stringify(latest);
}

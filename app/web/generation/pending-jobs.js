/**
 * The ids of unfinished jobs, kept so that a reload also finds jobs that ended meanwhile: the event
 * stream does not list those. Each job is an entry of its own, so two tabs never overwrite each
 * other. If storage is unavailable (private window, full disk), only the jobs in the event stream
 * are found.
 */
export class PendingJobs {
  #prefix;
  #storage;

  /** @param {() => Storage} storage a function, because the browser may forbid the access */
  constructor(scope, storage) {
    this.#prefix = `${scope}/job/`;
    this.#storage = storage;
  }

  get ids() {
    return tryStorage(() => Object.keys(this.#storage()), [])
      .filter((key) => key.startsWith(this.#prefix))
      .map((key) => key.slice(this.#prefix.length));
  }

  add(jobId) {
    tryStorage(() => this.#storage().setItem(this.#prefix + jobId, ""));
  }

  remove(jobId) {
    tryStorage(() => this.#storage().removeItem(this.#prefix + jobId));
  }
}

function tryStorage(access, fallback) {
  try {
    return access();
  } catch {
    return fallback;
  }
}

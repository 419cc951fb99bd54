/**
 * The ids of unfinished jobs, kept in localStorage so that a reload also finds jobs that ended
 * meanwhile: the event stream does not list those. Each job is an entry of its own, so two tabs
 * never overwrite each other. If storage is unavailable (private window, full disk), only the
 * jobs in the event stream are found.
 */
export class PendingJobs {
  #prefix;

  constructor(scope) {
    this.#prefix = `${scope}/job/`;
  }

  get ids() {
    return tryStorage(() => Object.keys(localStorage), [])
      .filter((key) => key.startsWith(this.#prefix))
      .map((key) => key.slice(this.#prefix.length));
  }

  add(jobId) {
    tryStorage(() => localStorage.setItem(this.#prefix + jobId, ""));
  }

  remove(jobId) {
    tryStorage(() => localStorage.removeItem(this.#prefix + jobId));
  }
}

function tryStorage(access, fallback) {
  try {
    return access();
  } catch {
    return fallback;
  }
}

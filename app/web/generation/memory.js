/**
 * The jobs under way that this browser knows of, kept over a reload: the stream does not tell of
 * one that ended meanwhile. An entry a job, so that two tabs never overwrite each other.
 * Private windows and full disks may refuse; then the stream alone tells.
 */
export class Memory {
  #prefix;

  constructor(scope) {
    this.#prefix = `${scope}/job/`;
  }

  get ids() {
    return attempt(() => Object.keys(localStorage), [])
      .filter((key) => key.startsWith(this.#prefix))
      .map((key) => key.slice(this.#prefix.length));
  }

  keep(jobId) {
    attempt(() => localStorage.setItem(this.#prefix + jobId, ""));
  }

  forget(jobId) {
    attempt(() => localStorage.removeItem(this.#prefix + jobId));
  }
}

function attempt(access, otherwise) {
  try {
    return access();
  } catch {
    return otherwise;
  }
}

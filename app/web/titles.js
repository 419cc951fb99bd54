/**
 * What the user has called videos, by job: a job's status does not say it. Read from what the page
 * has loaded anyway, and from the library for the rest. Emits `change`.
 */
export class Titles extends EventTarget {
  #videos;
  #account;
  #byJob = new Map();
  #reading = Promise.resolve();

  constructor({ videos, account, changes }) {
    super();
    this.#videos = videos;
    this.#account = account;
    account.addEventListener("change", () => this.note(account.credits.entries));
    changes.addEventListener("change", ({ detail }) => this.note([detail]));
  }

  /** Undefined if it is not known. */
  of(jobId) {
    return this.#byJob.get(jobId);
  }

  /** Takes titles from videos, or from entries of the ledger. */
  note(shapes) {
    const others = shapes.filter(({ jobId, title }) => jobId && title && title !== this.of(jobId));
    for (const { jobId, title } of others) this.#byJob.set(jobId, title);
    if (others.length > 0) this.dispatchEvent(new Event("change"));
  }

  /** Reads those that are not known, one after the other. A failure leaves the template's title. */
  read(jobIds) {
    this.#reading = this.#reading.then(() => this.#read(jobIds)).catch(() => {});
    return this.#reading;
  }

  async #read(jobIds) {
    if (!this.#account.credits) await this.#account.refresh();
    for (const jobId of jobIds.filter((id) => !this.#byJob.has(id))) {
      try {
        const video = await this.#videos.video(jobId);
        if (!this.#byJob.has(jobId)) this.note([video]); // else it was called something else meanwhile
      } catch (error) {
        if (error.code !== "video_not_found") throw error; // it was deleted meanwhile
      }
    }
  }
}

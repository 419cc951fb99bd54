import { newKey, OrderKeys } from "./generation/order-keys.js";
import { runningPictures } from "./running-pictures.js";
import { Sending } from "./sending.js";

const PAGE_SIZE = 20;
const TERMINAL = ["completed", "failed", "cancelled"];

/** One attempt at a video, from the click on Animate to its end. `request` is null after a reload. */
export class Attempt {
  job = null;
  error = null;
  wantsCancel = false;
  reported = false;
  sending = new Sending();
  /** Its small picture from before a reload. */
  kept = null;
  key = newKey();

  constructor(templateSlug, request = null, startedAt = Date.now()) {
    this.templateSlug = templateSlug;
    this.request = request;
    this.startedAt = startedAt;
  }

  get status() {
    return this.job?.latest ?? { status: "pending", stage: "submitting", sent: this.sending.share };
  }

  get jobId() {
    return this.job?.id ?? this.error?.jobId ?? null;
  }

  get variables() {
    return this.request?.order.variables ?? this.status.variables;
  }

  /** What shows the attempt: `{url, ratio?}`; `url` is absent if there is no picture of its own. */
  get picture() {
    const { posterUrl, startImageUrl } = this.status;
    if (this.request) return { url: this.request.pictureUrl, ratio: this.request.ratio };
    return this.kept ?? { url: posterUrl ?? startImageUrl };
  }

  get isCancelling() {
    return this.wantsCancel || this.status.stage === "cancelling";
  }

  get hasEnded() {
    return this.error !== null || TERMINAL.includes(this.status.status);
  }

  /** Measured by the service's clock for an ended job, by this machine's clock for a running one. */
  get seconds() {
    const { createdAt, completedAt } = this.status;
    if (completedAt) return (Date.parse(completedAt) - Date.parse(createdAt)) / 1000;
    return (Date.now() - this.startedAt) / 1000;
  }
}

/** Every attempt that this page knows of. Emits `change` and, once, `end` (detail: the attempt). */
export class Attempts extends EventTarget {
  #videos;
  #byJob = new Map();
  #submitting = new Set();
  #keys = new OrderKeys();
  #cursor = null;
  /** Whether the newest of the past jobs are known, and whether there are more. */
  isHistoryKnown = false;
  hasMore = true;

  constructor(videos) {
    super();
    this.#videos = videos;
    videos.subscribe((job) => this.#update(job));
  }

  get all() {
    const all = [...this.#submitting, ...this.#byJob.values()];
    return all.sort((one, other) => other.startedAt - one.startedAt);
  }

  get underWay() {
    return this.all.filter((attempt) => !attempt.hasEnded);
  }

  /** Whether an order is on its way to the service, which only this page can send. */
  get isSending() {
    return this.#submitting.size > 0;
  }

  /** The attempt of a job; undefined if this page does not know it. */
  find(jobId) {
    return this.#byJob.get(jobId);
  }

  /** Reads the next page of the jobs that ended before this page was opened. */
  async loadMore() {
    const { jobs, nextCursor } = await this.#videos.history({ limit: PAGE_SIZE, cursor: this.#cursor });
    const past = jobs.filter(({ jobId, status }) => TERMINAL.includes(status) && !this.#byJob.has(jobId));
    for (const status of past) this.#addPast(status);
    this.#cursor = nextCursor;
    this.hasMore = nextCursor !== null;
    this.isHistoryKnown = true;
  }

  /** Reads the jobs again, because another user may have signed in. */
  reload() {
    for (const [id, { reported }] of this.#byJob) {
      if (!reported && !this.#videos.jobs.has(id)) this.#byJob.delete(id);
    }
    for (const job of this.#videos.jobs.values()) this.#update(job);
  }

  /** Starts an order of the studio, which may be one whose answer was lost. */
  order(request) {
    return this.start(request, { key: this.#keys.next() });
  }

  start(request, { key, wantsCancel = false } = {}) {
    const attempt = new Attempt(request.order.templateSlug, request);
    if (key) attempt.key = key;
    attempt.wantsCancel = wantsCancel;
    this.#submitting.add(attempt);
    this.#emit("change", attempt);
    this.#submit(attempt);
    return attempt;
  }

  /**
   * Repeats a request. If its answer was lost, repeats it under the same idempotency key, and
   * cancels the job if that was wanted: the service may have made it.
   */
  again({ request, job, error, key, wantsCancel }) {
    if (job || error?.jobId) return this.start(request);
    const wasRefused = error?.status >= 400 && error.status < 500;
    return this.start(request, { key, wantsCancel: wantsCancel && !wasRefused });
  }

  /**
   * Before the job has an id, gives up the sending, or, if the service may have got all, waits for
   * the id: a job that nobody knows would be paid for.
   */
  async cancel(attempt) {
    if (!attempt.job && attempt.sending.giveUp()) return;
    attempt.wantsCancel = true;
    this.#emit("change", attempt);
    try {
      await attempt.job?.cancel();
    } catch (error) {
      attempt.wantsCancel = false;
      this.#emit("change", attempt);
      throw error;
    }
  }

  async #submit(attempt) {
    const { image, ...data } = attempt.request.order;
    const { sending } = attempt;
    const onprogress = (bytes) => {
      sending.note(bytes);
      this.#emit("change", attempt);
    };
    const submit = async (idempotencyKey) => {
      attempt.key = idempotencyKey;
      const options = { idempotencyKey, onprogress, signal: sending.signal };
      return this.#videos.submit(await image, data, options);
    };
    try {
      this.#take(attempt, await this.#keys.use(attempt.key, submit));
      this.#endSubmit(attempt, attempt.job.id);
    } catch (error) {
      attempt.error = error;
      return this.#endSubmit(attempt, error.jobId);
    }
    if (!attempt.wantsCancel || attempt.hasEnded) return undefined;
    return this.cancel(attempt).catch((error) => this.#emit("cancel-failed", { attempt, error }));
  }

  #endSubmit(attempt, jobId) {
    this.#submitting.delete(attempt);
    if (jobId) this.#byJob.set(jobId, attempt);
    if (attempt.job) runningPictures.keep(jobId, attempt.picture);
    this.#changed(attempt);
    for (const job of this.#videos.jobs.values()) if (!this.#byJob.has(job.id)) this.#update(job);
  }

  /** During a submit, an unknown job may be its own, so it is skipped until the submit ends. */
  #update(job) {
    let attempt = this.#byJob.get(job.id);
    if (!attempt && (this.#submitting.size > 0 || !job.latest)) return;
    if (!attempt) {
      const startedAt = Math.min(Date.now(), Date.parse(job.latest.createdAt));
      attempt = new Attempt(job.latest.templateSlug, null, startedAt);
      this.#take(attempt, job);
      attempt.kept = runningPictures.find(job.id);
      this.#byJob.set(job.id, attempt);
    }
    this.#changed(attempt);
  }

  /** The job may end without a last status: the service may no longer know it. */
  #take(attempt, job) {
    attempt.job = job;
    job.finished.catch((error) => {
      if (attempt.hasEnded) return;
      attempt.error = error;
      this.#changed(attempt);
    });
  }

  #addPast(status) {
    const attempt = new Attempt(status.templateSlug, null, Date.parse(status.createdAt));
    attempt.job = { id: status.jobId, latest: status };
    attempt.reported = true;
    this.#byJob.set(status.jobId, attempt);
  }

  #changed(attempt) {
    this.#emit("change", attempt);
    if (!attempt.hasEnded || attempt.reported) return;
    attempt.reported = true;
    runningPictures.drop(attempt.jobId);
    this.#emit("end", attempt);
  }

  #emit(type, attempt) {
    this.dispatchEvent(new CustomEvent(type, { detail: attempt }));
  }
}

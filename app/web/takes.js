const TERMINAL = ["completed", "failed", "cancelled"];

/** One attempt at a video, from the press on Animate to its end. `request` is null after a reload. */
export class Take {
  job = null;
  error = null;
  wantsCancel = false;
  reported = false;
  key = freshKey();

  constructor(templateSlug, request = null, startedAt = Date.now()) {
    this.templateSlug = templateSlug;
    this.request = request;
    this.startedAt = startedAt;
  }

  get status() {
    return this.job?.latest ?? { status: "pending", stage: "submitting" };
  }

  get hasEnded() {
    return this.error !== null || TERMINAL.includes(this.status.status);
  }

  /** By the service's clock for what has ended, by this machine's for what is under way. */
  get seconds() {
    const { createdAt, completedAt } = this.status;
    if (completedAt) return (Date.parse(completedAt) - Date.parse(createdAt)) / 1000;
    return (Date.now() - this.startedAt) / 1000;
  }
}

/** Every attempt that this page knows of. Emits `change` and, once, `end` (detail: the take). */
export class Takes extends EventTarget {
  #videos;
  #byJob = new Map();
  #submitting = new Set();

  constructor(videos) {
    super();
    this.#videos = videos;
    videos.subscribe((job) => this.#heard(job));
  }

  get all() {
    const all = [...this.#submitting, ...this.#byJob.values()];
    return all.sort((one, other) => other.startedAt - one.startedAt);
  }

  get underWay() {
    return this.all.filter((take) => !take.hasEnded);
  }

  /** Somebody else may have signed in: only the jobs that are theirs stay. */
  recount() {
    for (const id of this.#byJob.keys()) if (!this.#videos.jobs.has(id)) this.#byJob.delete(id);
    for (const job of this.#videos.jobs.values()) this.#heard(job);
  }

  start(request, key) {
    const take = new Take(request.order.templateSlug, request);
    if (key) take.key = key;
    this.#submitting.add(take);
    this.#emit("change", take);
    this.#submit(take);
    return take;
  }

  /** The same request once more; an answer that was lost is asked for under the same key. */
  again(take) {
    return this.start(take.request, take.job || take.error?.jobId ? undefined : take.key);
  }

  /** Before the job has an id the wish waits for it: giving up the submit might leave a job behind. */
  async cancel(take) {
    take.wantsCancel = true;
    this.#emit("change", take);
    try {
      await take.job?.cancel();
    } catch (error) {
      take.wantsCancel = false;
      this.#emit("change", take);
      throw error;
    }
  }

  async #submit(take) {
    const { image, ...data } = take.request.order;
    try {
      take.job = await this.#videos.submit(await image, data, { idempotencyKey: take.key });
      this.#settle(take, take.job.id);
    } catch (error) {
      take.error = error;
      return this.#settle(take, error.jobId);
    }
    if (!take.wantsCancel || take.hasEnded) return undefined;
    return this.cancel(take).catch((error) => this.#emit("refusal", { take, error }));
  }

  #settle(take, jobId) {
    this.#submitting.delete(take);
    if (jobId) this.#byJob.set(jobId, take);
    this.#changed(take);
    for (const job of this.#videos.jobs.values()) if (!this.#byJob.has(job.id)) this.#heard(job);
  }

  /** While a submit is under way, an unknown job may be its own: that shows at its end. */
  #heard(job) {
    let take = this.#byJob.get(job.id);
    if (!take && (this.#submitting.size > 0 || !job.latest)) return;
    if (!take) {
      const begun = Math.min(Date.now(), Date.parse(job.latest.createdAt));
      take = new Take(job.latest.templateSlug, null, begun);
      take.job = job;
      this.#byJob.set(job.id, take);
    }
    this.#changed(take);
  }

  #changed(take) {
    this.#emit("change", take);
    if (!take.hasEnded || take.reported) return;
    take.reported = true;
    this.#emit("end", take);
  }

  #emit(type, take) {
    this.dispatchEvent(new CustomEvent(type, { detail: take }));
  }
}

/** Without crypto.randomUUID, which plain http on a private network does not have. */
function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

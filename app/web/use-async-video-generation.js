/**
 * A React hook over the shared module, for React 18 and later.
 *
 *     const videos = new VideoGeneration({ getToken });   // one for the whole app
 *
 *     function Animate({ canvas }) {
 *       const { start, cancel, stage, url, error, isRunning } = useAsyncVideoGeneration(videos);
 *       …
 *       <button disabled={isRunning} onClick={() => start(canvas, { templateSlug, variables })}>
 */

import { useEffect, useMemo, useSyncExternalStore } from "react";
import { OrderKeys } from "./generation/order-keys.js";

/** With a `jobId` (for example from the URL), shows that job until another one is started. */
export function useAsyncVideoGeneration(videos, { jobId = null } = {}) {
  const generation = useMemo(() => new Generation(videos), [videos]);
  const state = useSyncExternalStore(generation.subscribe, generation.getState, generation.getState);
  useEffect(() => generation.open(jobId), [generation, jobId]);
  const { start, cancel, reset } = generation;
  return { ...state, start, cancel, reset };
}

const IDLE = Object.freeze({
  job: null,
  status: null,
  stage: null,
  queuePosition: null,
  url: null,
  error: null,
  isRunning: false,
});

/**
 * The state that one component shows. It survives unmounting: the generation continues, and a
 * component that mounts again (as under StrictMode) finds the current state.
 */
class Generation {
  #videos;
  #state = IDLE;
  #opened = null;
  #keys = new OrderKeys();
  #currentStart = {};
  #unsubscribe = null;
  #listeners = new Set();

  constructor(videos) {
    this.#videos = videos;
  }

  getState = () => this.#state;

  subscribe = (listener) => {
    this.#listeners.add(listener);
    this.#subscribeToJob();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#unsubscribeFromJob();
    };
  };

  open(jobId) {
    if (jobId === this.#opened) return;
    this.#opened = jobId;
    if (jobId !== null) this.#show(this.#videos.follow(jobId));
  }

  /** Resolves with the job, or with null if it failed (see `error`) or a later start replaced it. */
  start = async (picture, data) => {
    this.reset();
    const own = this.#currentStart;
    this.#set({ ...IDLE, status: "pending", stage: "submitting", isRunning: true });
    try {
      const submit = (idempotencyKey) => this.#videos.submit(picture, data, { idempotencyKey });
      const job = await this.#keys.use(this.#keys.next(), submit);
      const { isReplaced, isCancelled } = own;
      if (!isReplaced) this.#show(job);
      if (isCancelled) await this.#cancel(job);
      return isReplaced ? null : job;
    } catch (error) {
      if (!own.isReplaced) this.#set({ ...IDLE, error });
      return null;
    }
  };

  /** During a submit, waits for the job: aborting the submit could leave a job running. */
  cancel = async () => {
    if (this.#state.job) await this.#cancel(this.#state.job);
    else this.#currentStart.isCancelled = true;
  };

  async #cancel(job) {
    if (job === this.#state.job && !job.isFinished) this.#set({ ...this.#state, error: null });
    try {
      await job.cancel();
    } catch (error) {
      if (job === this.#state.job && !this.#state.url) this.#set({ ...this.#state, error });
    }
  }

  /** Shows nothing; the job that was shown continues. */
  reset = () => {
    this.#currentStart.isReplaced = true;
    this.#currentStart = {};
    this.#unsubscribeFromJob();
    this.#set(IDLE);
  };

  #show(job) {
    this.reset();
    this.#set({ ...IDLE, job, status: "pending", stage: "queued", isRunning: true });
    job.finished.catch((error) => {
      if (job === this.#state.job) this.#set({ ...this.#state, error, isRunning: false });
    });
    if (this.#listeners.size > 0) this.#subscribeToJob();
  }

  #subscribeToJob() {
    this.#unsubscribe ??= this.#state.job?.subscribe((latest) => this.#update(latest)) ?? null;
  }

  #unsubscribeFromJob() {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  #update({ status, stage, queuePosition = null, url = null }) {
    const isRunning = !this.#state.job.isFinished;
    const error = url ? null : this.#state.error; // a cancel may have failed before
    this.#set({ ...this.#state, status, stage, queuePosition, url, error, isRunning });
  }

  #set(state) {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

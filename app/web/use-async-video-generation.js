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

/** With a `jobId`, of the page's address say, that job is shown until another one is started. */
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
 * What one component shows. It outlives the component's unmounting: a generation goes on, and a
 * component that comes back (as under StrictMode) finds it as it stands.
 */
class Generation {
  #videos;
  #state = IDLE;
  #opened = null;
  #unwanted = false;
  #submit = new AbortController();
  #stop = null;
  #listeners = new Set();

  constructor(videos) {
    this.#videos = videos;
  }

  getState = () => this.#state;

  subscribe = (listener) => {
    this.#listeners.add(listener);
    this.#listen();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#unlisten();
    };
  };

  open(jobId) {
    if (jobId === this.#opened) return;
    this.#opened = jobId;
    if (jobId !== null) this.#show(this.#videos.follow(jobId));
  }

  /** Resolves with the job, or null where it failed (see `error`) or a later start took over. */
  start = async (picture, data) => {
    this.reset();
    this.#unwanted = false;
    const { signal } = this.#submit;
    this.#set({ ...IDLE, status: "pending", stage: "submitting", isRunning: true });
    try {
      const job = await this.#videos.submit(picture, data);
      if (signal.aborted) return null;
      this.#show(job);
      if (this.#unwanted) await this.cancel();
      return job;
    } catch (error) {
      if (!signal.aborted) this.#set({ ...IDLE, error });
      return null;
    }
  };

  /** During a submit the wish waits for the job: to give up then might leave one behind. */
  cancel = async () => {
    const { job } = this.#state;
    this.#unwanted = true;
    if (job === null) return;
    try {
      await job.cancel();
    } catch (error) {
      if (job === this.#state.job) this.#set({ ...this.#state, error });
    }
  };

  /** Show nothing; what was shown goes on. */
  reset = () => {
    this.#submit.abort();
    this.#submit = new AbortController();
    this.#unlisten();
    this.#set(IDLE);
  };

  #show(job) {
    this.reset();
    this.#set({ ...IDLE, job, status: "pending", stage: "queued", isRunning: true });
    job.finished.catch((error) => {
      if (job === this.#state.job) this.#set({ ...this.#state, error, isRunning: false });
    });
    if (this.#listeners.size > 0) this.#listen();
  }

  #listen() {
    this.#stop ??= this.#state.job?.subscribe((latest) => this.#take(latest)) ?? null;
  }

  #unlisten() {
    this.#stop?.();
    this.#stop = null;
  }

  #take({ status, stage, queuePosition = null, url = null }) {
    const isRunning = !this.#state.job.isFinished;
    this.#set({ ...this.#state, status, stage, queuePosition, url, isRunning });
  }

  #set(state) {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

/**
 * Videos from canvases, for any front end: submit, follow, cancel, and pick up after a reload.
 *
 *     import { VideoGeneration } from "/assets/latest/video-generation.js";
 *
 *     const videos = new VideoGeneration({ getToken: () => session.accessToken() });
 *     await videos.resume();                              // jobs of before a reload go on
 *     videos.subscribe((job) => renderActivity(job.id, job.latest));
 *
 *     const job = await videos.submit(canvas, { templateSlug: "gentle-zoom", variables: {} });
 *     job.subscribe(({ stage, queuePosition }) => showProgress(stage, queuePosition));
 *     const { url } = await job.finished;                 // or a GenerationError with its code
 *     player.src = url;
 *
 * However many jobs and tabs there are, one event stream serves them all (browsers have six
 * connections to an origin); where none can be had, each unfinished job is polled.
 */

import { Client, subject } from "./generation/client.js";
import { GenerationError } from "./generation/errors.js";
import { Following } from "./generation/following.js";
import { Job } from "./generation/job.js";
import { Jobs } from "./generation/jobs.js";
import { Memory } from "./generation/memory.js";
import { toBlob } from "./generation/picture.js";

export { GenerationError, Job };

const TIMING = { silenceMs: 40_000, pollMs: 3_000 };

/** All generations of whoever is signed in; typed and described in `video-generation.d.ts`. */
export class VideoGeneration {
  onconnection = null;
  onerror = null;

  #client;
  #service;
  #userKey;
  #timing;
  #jobs = new Jobs((jobId) => this.#cancel(jobId));
  #connection = "polling";
  #user = null;
  #token;
  #following = null;
  #resumed = false;
  #closed = false;
  #speak;
  #spoken = new Promise((resolve) => {
    this.#speak = resolve;
  });

  constructor({ baseUrl = "", getToken = () => null, userKey, timing } = {}) {
    const onToken = (token) => this.#identify(token);
    this.#client = new Client({ baseUrl, getToken, onToken });
    this.#service = new URL(`${baseUrl}/`, location.origin).href;
    this.#userKey = userKey;
    this.#timing = { ...TIMING, ...timing };
  }

  get jobs() {
    return this.#jobs.all;
  }

  get connection() {
    return this.#connection;
  }

  async submit(picture, data, { signal, idempotencyKey = newKey() } = {}) {
    const image = await toBlob(picture);
    await this.#client.token();
    const user = this.#user;
    const answer = this.#client.submit(image, data, { signal, idempotencyKey });
    const { jobId } = await this.#jobs.submitted(answer);
    if (user !== this.#user) throw somebodyElse(jobId);
    console.log(`[VIDEO] Job started: ${jobId}`);
    return this.follow(jobId);
  }

  follow(jobId, { signal } = {}) {
    const known = this.jobs.has(jobId);
    const job = this.#jobs.follow(jobId, signal, () => this.#keepUp());
    this.#keepUp();
    if (!known) this.#following?.expect();
    return job;
  }

  subscribe(listener) {
    return this.#jobs.listeners.add(listener);
  }

  async resume() {
    this.#resumed = true;
    await this.#client.token().catch(() => {}); // following will tell what is wrong
    this.#jobs.recall();
    this.#keepUp();
    this.#following?.expect();
    await this.#spoken;
  }

  async status(jobId, { signal } = {}) {
    const status = await this.#client.status(jobId, signal);
    if (this.jobs.has(jobId)) this.#learn(status, "Poll");
    return status;
  }

  templates({ signal } = {}) {
    return this.#client.templates(signal);
  }

  library({ limit, cursor, templateSlug, signal } = {}) {
    return this.#client.library({ limit, cursor, templateSlug, signal });
  }

  credits({ signal } = {}) {
    return this.#client.credits(signal);
  }

  close() {
    this.#closed = true;
    this.#keepUp();
    this.#jobs.abandon(new GenerationError("aborted", "The page has stopped following this job."));
    this.#speak();
  }

  async #cancel(jobId) {
    try {
      this.#learn(await this.#client.cancel(jobId), "Poll");
    } catch (error) {
      if (error.code !== "job_finished") throw error;
      const { status } = await this.status(jobId); // perhaps by a try whose answer was lost
      if (status !== "cancelled") throw error;
    }
  }

  /** Take note of what this tab has heard itself, and pass it on to the others. */
  #learn(status, how) {
    if (this.#jobs.hear(status, how)) {
      this.#following?.share(status, how);
      this.#keepUp();
    }
  }

  /** Take note of who is signed in; one user's jobs are never mixed with another's. */
  #identify(token) {
    const user = this.#userKey ?? subject(token);
    const renewed = token !== this.#token;
    this.#token = token;
    if (user === this.#user) {
      if (renewed) this.#following?.tokenChanged();
      return;
    }
    if (this.#user !== null) this.#jobs.abandon(somebodyElse());
    this.#user = user;
    this.#jobs.keepIn(new Memory(this.#scope));
    if (this.#resumed) this.#jobs.recall();
    this.#keepUp();
  }

  /** Names what the tabs of one user share; null, and nothing is shared, before one is known. */
  get #scope() {
    const user = this.#user;
    return user === null ? null : `video-generation/${this.#service}${encodeURIComponent(user)}`;
  }

  /** Follow as long as there is, or may be, something to hear of. */
  #keepUp() {
    const wanted = !this.#closed && (this.#resumed || this.#jobs.unfinished.length > 0);
    if (wanted && this.#following?.scope === this.#scope) return;
    this.#following?.close();
    this.#following = wanted ? this.#newFollowing() : null;
    this.#following?.open();
  }

  #newFollowing() {
    return new Following(this.#scope, {
      client: this.#client,
      timing: this.#timing,
      on: {
        unfinished: () => this.#jobs.unfinished,
        known: (ids) => this.#known(ids),
        heard: (status, how) => this.#learn(status, how),
        overheard: (status, how) => this.#jobs.hear(status, how) && this.#keepUp(),
        missing: (jobId, error) => {
          this.#jobs.leave(jobId, error);
          this.#keepUp();
        },
        connected: (state) => this.#connected(state),
        refused: (error) => this.#refused(error),
      },
    });
  }

  /** What another tab that knows these jobs should hear; jobs that it alone knows are followed. */
  #known(ids) {
    const strangers = ids.filter((id) => !this.jobs.has(id));
    strangers.forEach((id) => this.#jobs.know(id));
    if (strangers.length > 0) this.#following.expect();
    return this.#jobs.statuses(ids);
  }

  #connected(state) {
    this.#speak();
    if (state === this.#connection) return;
    this.#connection = state;
    this.onconnection?.(state);
  }

  #refused(error) {
    this.#speak();
    this.onerror?.(error);
  }
}

/** Visible ASCII, made without what needs a secure context. */
function newKey() {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

function somebodyElse(jobId = null) {
  return new GenerationError("unauthenticated", "Somebody else has signed in.", { jobId });
}

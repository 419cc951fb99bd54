/**
 * Makes videos from canvases, for any front end: submits, follows and cancels jobs, also after a
 * reload. A server that renders pages may create the object: it uses the browser's globals only
 * when it submits or follows.
 *
 *     import { VideoGeneration } from "/assets/latest/video-generation.js";
 *
 *     const videos = new VideoGeneration({ getToken: () => session.accessToken() });
 *     await videos.resume();                              // follow unfinished jobs, also after a reload
 *     videos.subscribe((job) => renderActivity(job.id, job.latest));
 *
 *     const job = await videos.submit(canvas, { templateSlug: "gentle-zoom", variables: {} });
 *     job.subscribe(({ stage, queuePosition }) => showProgress(stage, queuePosition));
 *     const { url } = await job.finished;                 // rejects with a GenerationError
 *     player.src = url;
 *
 * All jobs and tabs of a user share one event stream, because a browser opens only six connections
 * to an origin. Without a stream, each unfinished job is polled. A tab whose user is unknown, as
 * with a session cookie, shares nothing, unless `userKey` names the user.
 */

import { Client, subject } from "./generation/client.js";
import { GenerationError } from "./generation/errors.js";
import { Job, reportErrors } from "./generation/job.js";
import { Jobs } from "./generation/jobs.js";
import { newKey } from "./generation/order-keys.js";
import { PendingJobs } from "./generation/pending-jobs.js";
import { priceOf } from "./generation/price.js";
import { SharedUpdates } from "./generation/shared-updates.js";
import { toBlob } from "./generation/to-blob.js";

export { GenerationError, Job, priceOf };

const TIMING = { silenceMs: 40_000, pollMs: 3_000 };

/** The generations of the signed-in user; `video-generation.d.ts` documents the public methods. */
export class VideoGeneration {
  onconnection = null;
  onerror = null;

  #client;
  #baseUrl;
  #userKey;
  #timing;
  #jobs = new Jobs((jobId) => this.#cancel(jobId));
  #connection = "polling";
  /** Null if the token does not name the user; undefined until the first token. */
  #user;
  #token;
  #userChanges = 0;
  #updates = null;
  #resumed = false;
  #closed = false;
  #resolveFirstUpdate;
  #firstUpdate = new Promise((resolve) => {
    this.#resolveFirstUpdate = resolve;
  });

  constructor({ baseUrl = "", getToken = () => null, userKey, timing } = {}) {
    const onToken = (token) => this.#identify(token);
    this.#client = new Client({ baseUrl, getToken, onToken });
    this.#baseUrl = baseUrl;
    this.#userKey = userKey;
    this.#timing = { ...TIMING, ...timing };
  }

  get jobs() {
    return this.#jobs.all;
  }

  get connection() {
    return this.#connection;
  }

  async submit(picture, data, { signal, idempotencyKey = newKey(), onprogress } = {}) {
    const image = await toBlob(picture);
    await this.#client.token(signal);
    const changes = this.#userChanges;
    const check = () => {
      if (changes !== this.#userChanges) throw otherUser(); // who would pay for this picture
    };
    const answer = this.#client.submit(image, data, { signal, idempotencyKey, onprogress, check });
    const { jobId } = await this.#jobs.awaitSubmit(answer, (...held) => this.#update(...held));
    if (changes !== this.#userChanges) throw otherUser(jobId);
    console.log(`[VIDEO] Job started: ${jobId}`);
    return this.follow(jobId);
  }

  follow(jobId, { signal } = {}) {
    const known = this.jobs.has(jobId);
    const job = this.#jobs.follow(jobId, signal, () => this.#startOrStop());
    this.#startOrStop();
    if (!known) this.#updates?.expectJob();
    if (this.#closed) this.#jobs.clear(noLongerFollowed());
    return job;
  }

  subscribe(listener) {
    return this.#jobs.listeners.add(listener);
  }

  async resume() {
    this.#resumed = true;
    await this.#client.token().catch(() => {}); // #updates reports what is wrong
    this.#jobs.restore();
    this.#startOrStop();
    this.#updates?.expectJob();
    await this.#firstUpdate;
  }

  async status(jobId, { signal } = {}) {
    const status = await this.#client.status(jobId, signal);
    if (this.jobs.has(jobId)) this.#update(status, "Poll");
    return status;
  }

  history({ status, limit, cursor, signal } = {}) {
    return this.#client.jobs({ status, limit, cursor, signal });
  }

  templates({ signal } = {}) {
    return this.#client.templates(signal);
  }

  library({ limit, cursor, templateSlug, q, favourite, signal } = {}) {
    return this.#client.library({ limit, cursor, templateSlug, q, favourite, signal });
  }

  video(jobId, { signal } = {}) {
    return this.#client.video(jobId, signal);
  }

  changeVideo(jobId, { title, favourite }) {
    return this.#client.changeVideo(jobId, { title, favourite });
  }

  deleteVideo(jobId) {
    return this.#client.deleteVideo(jobId);
  }

  share(jobId) {
    return this.#client.share(jobId);
  }

  revokeShare(jobId) {
    return this.#client.revokeShare(jobId);
  }

  credits({ signal } = {}) {
    return this.#client.credits(signal);
  }

  me({ signal } = {}) {
    return this.#client.me(signal);
  }

  close() {
    this.#closed = true;
    this.#startOrStop();
    this.#jobs.clear(noLongerFollowed());
    this.#resolveFirstUpdate();
  }

  async #cancel(jobId) {
    try {
      const status = await this.#client.cancel(jobId);
      if (this.jobs.has(jobId)) this.#update(status, "Poll");
    } catch (error) {
      if (error.code !== "job_finished") throw error;
      const { status } = await this.status(jobId); // an earlier try may have succeeded
      if (status !== "cancelled") throw error;
    }
  }

  /** Records an update from the service and sends it to the other tabs. */
  #update(status, source) {
    if (this.#jobs.update(status, source)) {
      this.#updates?.share(status, source);
      this.#startOrStop();
    }
  }

  /** Notes who is signed in, and drops the jobs of the previous user; without a token, they wait. */
  #identify(token) {
    const user = this.#userKey ?? subject(token);
    const renewed = token !== this.#token;
    this.#token = token;
    if (token === null && this.#user) return;
    if (user === this.#user) {
      if (renewed) this.#updates?.tokenChanged();
      return;
    }
    if (this.#client.usesTokens) {
      this.#userChanges += 1;
      this.#jobs.clear(otherUser());
    }
    this.#user = user;
    this.#jobs.persistIn(this.#newPendingJobs());
    if (this.#resumed) this.#jobs.restore();
    this.#startOrStop();
  }

  /** The name under which one user's tabs share updates; null if the user is not known. */
  get #scope() {
    return this.#user ? this.#prefix + encodeURIComponent(this.#user) : null;
  }

  get #prefix() {
    return `video-generation/${new URL(`${this.#baseUrl}/`, location.origin)}`;
  }

  #newPendingJobs() {
    if (this.#scope === null) return new PendingJobs(this.#prefix, () => sessionStorage);
    return new PendingJobs(this.#scope, () => localStorage);
  }

  /** Starts updates if there are, or may be, jobs to follow; stops them otherwise. */
  #startOrStop() {
    const wanted = !this.#closed && (this.#resumed || this.#jobs.unfinished.length > 0);
    if (wanted && this.#updates?.scope === this.#scope) return;
    this.#updates?.close();
    this.#updates = wanted ? this.#newUpdates() : null;
    this.#updates?.open();
  }

  #newUpdates() {
    return new SharedUpdates(this.#scope, {
      client: this.#client,
      timing: this.#timing,
      on: {
        unfinished: () => this.#jobs.unfinished,
        statuses: (ids) => this.#statuses(ids),
        update: (status, source) => this.#update(status, source),
        updateFromTab: (status, source) => this.#jobs.update(status, source) && this.#startOrStop(),
        notFound: (jobId, error) => {
          this.#jobs.remove(jobId, error);
          this.#startOrStop();
        },
        connected: (state) => this.#connected(state),
        signedOut: (error) => this.#reportSignedOut(error),
      },
    });
  }

  /** The statuses for a tab that knows the jobs `ids`; follows those that this tab does not know. */
  #statuses(ids) {
    const unknown = ids.filter((id) => !this.jobs.has(id));
    unknown.forEach((id) => this.#jobs.ensure(id));
    if (unknown.length > 0) this.#updates.expectJob();
    return this.#jobs.statuses(ids);
  }

  #connected(state) {
    this.#resolveFirstUpdate();
    if (state === this.#connection) return;
    this.#connection = state;
    reportErrors(() => this.onconnection?.(state));
  }

  #reportSignedOut(error) {
    this.#resolveFirstUpdate();
    reportErrors(() => this.onerror?.(error));
  }
}

function otherUser(jobId = null) {
  return new GenerationError("unauthenticated", "Somebody else has signed in.", { jobId });
}

function noLongerFollowed() {
  return new GenerationError("aborted", "The page has stopped following this job.");
}

import { backoff, delay, withJitter } from "./delays.js";
import { GenerationError } from "./errors.js";
import { readMessages } from "./event-stream.js";

/** Milliseconds for the first chunk; a stream that takes longer is held back by a proxy. */
const FIRST_CHUNK_TIMEOUT = 10_000;
/** The service writes every 15 s: after more silence, a check reconnects instead of trusting it. */
const TRUST_SILENCE = 20_000;
/** A stream that lasted this long resets the backoff. */
const STABLE_AFTER = 10_000;
/** Time for a new stream to list all unfinished jobs; any other job has ended before. */
const LISTING_TIME = 2_000;
/** A job without an update for this long is polled once, in case an event was lost. */
const CHECK_AFTER = 30_000;
/** Milliseconds between two streams, whatever pause the end of one asks for. */
const PAUSE = { shortest: 1_000, longest: 30_000 };
/** Delays, from the first to the longest, between two requests for another token. */
const TOKEN_BACKOFF = { first: 5_000, longest: 60_000 };

/**
 * Receives updates of all of a user's jobs from the service: from one event stream, and by polling
 * each unfinished job while there is no stream.
 *
 * `on`: `unfinished() → ids`, `update(status, "Event" | "Poll")`, `notFound(id, error)`,
 * `connected("live" | "polling" | "offline")`, also for each sign of life, `signedOut(error)`.
 */
export class UpdateSource {
  #client;
  #timing;
  #on;
  #stopped = new AbortController();
  #restart = new AbortController();
  #stream = new AbortController();
  /** Fires when the stream has brought its first chunk. */
  #spoken = new AbortController();
  #state = "connecting"; // then "live", "polling" or "waiting" for another token
  #lastChunkAt = 0;
  #updatedAt = new Map();
  #failures = 0;
  #tokenChecks = 0;
  #signedOut = false;
  #checkTimer;

  constructor(client, timing, on) {
    this.#client = client;
    this.#timing = timing;
    this.#on = on;
  }

  async run() {
    while (!this.#stopped.signal.aborted) {
      const signal = AbortSignal.any([this.#stopped.signal, this.#restart.signal]);
      const began = Date.now();
      const { retryMs, failure } = await this.#readStream(signal);
      const wasLive = this.#state === "polling";
      if (wasLive && (!failure || Date.now() - began > STABLE_AFTER)) this.#failures = 0;
      if (signal.aborted) continue;
      if (!failure) await delay(withJitter(pauseFor(retryMs)), signal);
      else if (failure.code === "unauthenticated") await this.#waitForToken(failure, signal);
      else await this.#pollUntilRetry(failure, signal);
    }
  }

  stop() {
    this.#stopped.abort();
    clearTimeout(this.#checkTimer);
  }

  /** Checks now, for example because the page is visible again; `reconnect` replaces the stream. */
  checkNow({ reconnect = false } = {}) {
    if (!reconnect && this.#state === "live" && Date.now() - this.#lastChunkAt < TRUST_SILENCE) {
      this.#checkSilentJobsIn(0);
    } else {
      this.#restart.abort();
      this.#restart = new AbortController();
    }
  }

  /** There is a new job, whose first event should arrive soon. */
  expectJob() {
    if (this.#state === "live") this.#checkSilentJobsIn(LISTING_TIME);
    const hasSession = this.#state === "waiting" && !this.#client.isRefused;
    if (this.#state === "polling" || hasSession) this.checkNow();
  }

  /** There is another token: tries it at once if the last one was rejected. */
  tokenChanged() {
    if (this.#state === "waiting") this.checkNow();
  }

  /** Reads the stream until it ends; the result has no `failure` if the server closed it. */
  async #readStream(signal) {
    this.#state = "connecting";
    this.#stream = new AbortController();
    this.#spoken = new AbortController();
    const stop = AbortSignal.any([signal, this.#stream.signal]);
    const silent = AbortSignal.any([stop, this.#spoken.signal]); // until the first chunk
    void this.#pollUntil(Infinity, { first: this.#timing.pollMs, signal: silent });
    let watchdog = this.#startWatchdog(Math.min(FIRST_CHUNK_TIMEOUT, this.#timing.silenceMs));
    try {
      const chunks = readMessages(await this.#client.events(stop), stop);
      let read = await chunks.next();
      for (; !read.done; read = await chunks.next()) {
        clearTimeout(watchdog);
        watchdog = this.#startWatchdog(this.#timing.silenceMs);
        this.#receive(read.value);
      }
      return read.value === null ? { failure: streamEndedEarly() } : { retryMs: read.value };
    } catch (failure) {
      if (!(failure instanceof GenerationError)) reportError(failure);
      return { failure };
    } finally {
      clearTimeout(watchdog);
      this.#stream.abort();
      if (this.#state === "live") this.#state = "polling";
    }
  }

  #startWatchdog(milliseconds) {
    const stream = this.#stream;
    return setTimeout(() => stream.abort(), milliseconds);
  }

  #receive(messages) {
    this.#lastChunkAt = Date.now();
    this.#spoken.abort();
    if (this.#state !== "live") {
      this.#state = "live";
      this.#signedOut = false;
      this.#tokenChecks = 0;
      this.#updatedAt.clear();
      this.#checkSilentJobsIn(LISTING_TIME);
    }
    this.#on.connected("live");
    for (const { type, data } of messages) {
      if (type === "job") this.#update(this.#client.addressed(JSON.parse(data)), "Event");
    }
  }

  #update(status, source) {
    if (this.#stopped.signal.aborted) return;
    this.#updatedAt.set(status.jobId, Date.now());
    this.#on.update(status, source);
  }

  /** Polls until it is time to try the stream again. */
  async #pollUntilRetry(failure, signal) {
    const offline = failure.code === "offline";
    if (offline && this.#state === "connecting") this.#on.connected("offline");
    this.#state = "polling";
    const until = Date.now() + this.#atLeastRetryAfter(backoff(this.#failures), failure);
    this.#failures += 1;
    await this.#pollUntil(until, { first: offline ? this.#timing.pollMs : 0, signal, offline });
  }

  /**
   * Polls the unfinished jobs, first after `first` milliseconds, until a time or the signal: without
   * a stream, and beside a new one, whose first chunk a proxy may hold back. While there is no job to
   * poll, `offline` is what the last request has shown.
   */
  async #pollUntil(until, { first, signal, offline = false }) {
    let next = first;
    while (true) {
      await delay(Math.min(next, until - Date.now()), signal);
      if (signal.aborted || Date.now() >= until) return;
      const ids = this.#on.unfinished();
      const trouble = await this.#poll(ids, signal);
      if (signal.aborted || trouble?.code === "unauthenticated") return;
      if (ids.length > 0) offline = trouble?.code === "offline";
      const state = offline ? "offline" : "polling";
      if (ids.length > 0 || this.#state === "polling") this.#on.connected(state);
      next = trouble?.code === "offline" ? Infinity : this.#atLeastRetryAfter(this.#timing.pollMs, trouble);
    }
  }

  #atLeastRetryAfter(milliseconds, failure) {
    return Math.max(milliseconds, (failure?.retryAfter ?? 0) * 1_000);
  }

  /** Asks for another token from time to time, until the stream is worth another try. */
  async #waitForToken(failure, signal) {
    if (failure.status !== null && !this.#client.isRefused) return; // there is another token
    this.#state = "waiting";
    if (failure.status !== null) this.#on.connected("polling"); // a refusal is an answer, too
    if (!this.#signedOut) this.#on.signedOut(failure);
    this.#signedOut = true;
    do {
      await delay(backoff(this.#tokenChecks, TOKEN_BACKOFF), signal);
      this.#tokenChecks += 1;
    } while (!signal.aborted && !(await this.#mayBeSignedIn(signal)));
  }

  async #mayBeSignedIn(signal) {
    try {
      await this.#client.token(signal);
    } catch {
      return false;
    }
    return !this.#client.isRefused || !this.#client.usesTokens; // only a request tells about a cookie
  }

  /** Polls these jobs one after the other; returns the last error. */
  async #poll(ids, signal) {
    let trouble;
    for (const id of ids) {
      try {
        this.#update(await this.#client.status(id, signal), "Poll");
      } catch (error) {
        if (error.code === "job_not_found") this.#on.notFound(id, error);
        else trouble = error;
        if (["offline", "aborted", "unauthenticated"].includes(error.code)) return error;
      }
    }
    return trouble;
  }

  #checkSilentJobsIn(milliseconds) {
    clearTimeout(this.#checkTimer);
    this.#checkTimer = setTimeout(() => this.#checkSilentJobs(this.#stream.signal), milliseconds);
  }

  async #checkSilentJobs(signal) {
    const since = Date.now() - CHECK_AFTER;
    const silent = this.#on.unfinished().filter((id) => (this.#updatedAt.get(id) ?? 0) < since);
    await this.#poll(silent, signal);
    if (!signal.aborted) this.#checkSilentJobsIn(CHECK_AFTER);
  }
}

function streamEndedEarly() {
  return new GenerationError("unexpected_answer", "The event stream ended unexpectedly.");
}

/** With jitter, the pause is as long as the service asks for, or up to twice as long. */
function pauseFor(retryMs) {
  return Math.min(PAUSE.longest, Math.max(PAUSE.shortest, 2 * retryMs));
}

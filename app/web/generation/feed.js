import { GenerationError } from "./errors.js";
import { messages } from "./events.js";
import { backoff, pause, spread } from "./pauses.js";

/** A stream that says nothing at all for so long is held up by a proxy. */
const FIRST_WORD = 10_000;
/** The service writes every 15 s: after so long a line that was asleep is not trusted. */
const DOUBTFUL = 20_000;
/** A stream that lasted so long has worked; what broke it is not held against the next one. */
const STEADY = 10_000;
/** The stream names all jobs under way as it opens: one that it does not has ended before. */
const GRACE = 2_000;
/** A job that the stream has not named for so long is asked about, in case a word was lost. */
const QUIET = 30_000;
/** How long, at first and at most, until somebody is asked for another token. */
const SIGNED_OUT = { first: 5_000, longest: 60_000 };

/**
 * Hears of all of a user's jobs for as long as it runs: by one event stream, and by polls of each
 * unfinished job while there is none.
 *
 * `on`: `unfinished() → ids`, `heard(status, "Event" | "Poll")`, `missing(id, error)`,
 * `connected("live" | "polling" | "offline")`, again with each sign of life, `refused(error)`.
 */
export class Feed {
  #client;
  #timing;
  #on;
  #end = new AbortController();
  #nudge = new AbortController();
  #line = new AbortController();
  #state = "connecting"; // then "live", "bridging" or "waiting"
  #lastWord = 0;
  #named = new Map();
  #failures = 0;
  #refused = false;
  #renewed = false;
  #check;

  constructor(client, timing, on) {
    this.#client = client;
    this.#timing = timing;
    this.#on = on;
  }

  async run() {
    while (!this.#end.signal.aborted) {
      const signal = AbortSignal.any([this.#end.signal, this.#nudge.signal]);
      const began = Date.now();
      const { comeBack, failure } = await this.#listen(signal);
      const spoke = this.#state === "bridging";
      if (spoke && (!failure || Date.now() - began > STEADY)) this.#failures = 0;
      if (signal.aborted) continue;
      if (!failure) await pause(spread(2 * comeBack), signal);
      else if (failure.code === "unauthenticated") await this.#waitForToken(failure, signal);
      else await this.#bridge(failure, signal);
    }
  }

  stop() {
    this.#end.abort();
    clearTimeout(this.#check);
  }

  /** Look at once: the page is shown again, say. `anew` mistrusts even a lively line. */
  look({ anew = false } = {}) {
    if (!anew && this.#state === "live" && Date.now() - this.#lastWord < DOUBTFUL) {
      this.#askQuietOnesIn(0);
    } else {
      this.#nudge.abort();
      this.#nudge = new AbortController();
    }
  }

  /** There is a new job, which the stream should name soon. */
  expect() {
    if (this.#state === "live") this.#askQuietOnesIn(GRACE);
    if (this.#state === "bridging") this.look();
  }

  /** There is another token, which may do where the last one was refused. */
  tokenChanged() {
    this.#renewed = true;
    if (this.#state === "waiting") this.look();
  }

  /** Follow the stream to its end; without a failure the server has closed it. */
  async #listen(signal) {
    this.#state = "connecting";
    this.#renewed = false;
    this.#line = new AbortController();
    const either = AbortSignal.any([signal, this.#line.signal]);
    let watchdog = this.#watch(Math.min(FIRST_WORD, this.#timing.silenceMs));
    try {
      const stream = messages(await this.#client.events(either), either);
      let read = await stream.next();
      for (; !read.done; read = await stream.next()) {
        clearTimeout(watchdog);
        watchdog = this.#watch(this.#timing.silenceMs);
        this.#take(read.value);
      }
      return read.value === null ? { failure: cutShort() } : { comeBack: read.value };
    } catch (failure) {
      if (!(failure instanceof GenerationError)) reportError(failure);
      return { failure };
    } finally {
      clearTimeout(watchdog);
      this.#line.abort();
      if (this.#state === "live") this.#state = "bridging";
    }
  }

  #watch(milliseconds) {
    const line = this.#line;
    return setTimeout(() => line.abort(), milliseconds);
  }

  #take(news) {
    this.#lastWord = Date.now();
    if (this.#state !== "live") {
      this.#state = "live";
      this.#refused = false;
      this.#named.clear();
      this.#askQuietOnesIn(GRACE);
    }
    this.#on.connected("live");
    for (const { type, data } of news) {
      if (type === "job") this.#hear(JSON.parse(data), "Event");
    }
  }

  #hear(status, how) {
    if (this.#end.signal.aborted) return;
    this.#named.set(status.jobId, Date.now());
    this.#on.heard(status, how);
  }

  /** Pass the time until the stream is tried again, with polls as far as they get through. */
  async #bridge(failure, signal) {
    const offline = failure.code === "offline";
    if (offline && this.#state === "connecting") this.#on.connected("offline");
    this.#state = "bridging";
    const until = Date.now() + this.#longer(backoff(this.#failures), failure);
    this.#failures += 1;
    let next = offline ? this.#timing.pollMs : 0;
    while (true) {
      await pause(Math.min(next, until - Date.now()), signal);
      if (signal.aborted || Date.now() >= until) return;
      const trouble = await this.#ask(this.#on.unfinished(), signal);
      if (signal.aborted || trouble?.code === "unauthenticated") return;
      this.#on.connected(trouble?.code === "offline" ? "offline" : "polling");
      next = trouble?.code === "offline" ? Infinity : this.#longer(this.#timing.pollMs, trouble);
    }
  }

  #longer(milliseconds, failure) {
    return Math.max(milliseconds, (failure?.retryAfter ?? 0) * 1_000);
  }

  /** Ask for another token now and then, and the service once there is one. */
  async #waitForToken(failure, signal) {
    if (this.#renewed) return; // meanwhile: it was the last one that was refused
    this.#state = "waiting";
    if (!this.#refused) this.#on.refused(failure);
    this.#refused = true;
    for (let checks = 0; !signal.aborted; checks += 1) {
      await pause(backoff(checks, SIGNED_OUT), signal);
      if (!signal.aborted) await this.#client.token().catch(() => {}); // still signed out
    }
  }

  /** Poll these jobs, one after the other; returns what kept it from an answer at last. */
  async #ask(ids, signal) {
    let trouble;
    for (const id of ids) {
      try {
        this.#hear(await this.#client.status(id, signal), "Poll");
      } catch (error) {
        if (error.code === "job_not_found") this.#on.missing(id, error);
        else trouble = error;
        if (["offline", "aborted", "unauthenticated"].includes(error.code)) return error;
      }
    }
    return trouble;
  }

  #askQuietOnesIn(milliseconds) {
    clearTimeout(this.#check);
    this.#check = setTimeout(() => this.#askQuietOnes(this.#line.signal), milliseconds);
  }

  async #askQuietOnes(signal) {
    const since = Date.now() - QUIET;
    const quiet = this.#on.unfinished().filter((id) => (this.#named.get(id) ?? 0) < since);
    await this.#ask(quiet, signal);
    if (!signal.aborted) this.#askQuietOnesIn(QUIET);
  }
}

function cutShort() {
  return new GenerationError("unexpected_answer", "The event stream was cut short.");
}

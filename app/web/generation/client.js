import { backoff, delay, unlessAborted } from "./delays.js";
import { GenerationError } from "./errors.js";
import { upload } from "./upload.js";

const ROOT = "/api/templates/video";
const LIBRARY = "/api/library";
const TIMEOUT = 20_000; // milliseconds
const UPLOAD_TIMEOUT = 150_000; // milliseconds
const TRIES = 4;
const LONGEST_WAIT = 60; // seconds; after a longer Retry-After, the caller decides
/** No token was refused; null is the token of an app with session cookies. */
const NONE = Symbol("none");

/** The service's HTTP interface. Every method rejects with a GenerationError. */
export class Client {
  #baseUrl;
  #getToken;
  #onToken;
  #latest = null;
  #refused = NONE;
  #renewal = null;
  /** Whether the app gave a token before; one with session cookies does not. */
  usesTokens = false;

  constructor({ baseUrl, getToken, onToken }) {
    this.#baseUrl = baseUrl;
    this.#getToken = getToken;
    this.#onToken = onToken;
  }

  /** Gets the access token of the signed-in user, and reports it to `onToken`. */
  async token(signal) {
    if (!signal) return this.#currentToken();
    try {
      return await unlessAborted(this.#currentToken(), signal);
    } catch (cause) {
      throw signal.aborted ? GenerationError.ofNetwork(cause, signal) : cause;
    }
  }

  /** Whether the service refused the latest token. */
  get isRefused() {
    return this.#latest === this.#refused;
  }

  /**
   * All tries use one idempotency key, so they create at most one job. `check` is called before each,
   * once the token is there, and may throw.
   */
  submit(image, data, { signal, idempotencyKey, onprogress, check }) {
    const form = new FormData();
    form.append("startImage", image, "canvas");
    form.append("data", JSON.stringify(data));
    const headers = { "Idempotency-Key": idempotencyKey };
    const request = { method: "POST", body: form, headers, signal, timeout: UPLOAD_TIMEOUT, onprogress, check };
    return withRetries(() => this.#job(ROOT, request), signal);
  }

  status(jobId, signal) {
    return this.#job(`${ROOT}/status`, { query: { jobId }, signal });
  }

  cancel(jobId) {
    const request = { method: "POST", query: { jobId } };
    return withRetries(() => this.#job(`${ROOT}/cancel`, request));
  }

  /** Opens the event stream of all unfinished jobs; it stays open until the signal fires. */
  events(signal) {
    const headers = { Accept: "text/event-stream" };
    return this.#send(`${ROOT}/events`, { headers, signal, timeout: null });
  }

  async jobs({ signal, ...query }) {
    const page = await this.#json("/api/jobs", { query, signal });
    return { ...page, jobs: page.jobs.map((job) => this.addressed(job)) };
  }

  templates(signal) {
    return this.#json("/api/templates", { signal, isPublic: true });
  }

  async library({ signal, ...query }) {
    const page = await this.#json(LIBRARY, { query, signal });
    return { ...page, videos: page.videos.map((video) => this.addressed(video)) };
  }

  async video(jobId, signal) {
    return this.addressed(await this.#json(pathOf(jobId), { signal }));
  }

  async changeVideo(jobId, change) {
    const headers = { "Content-Type": "application/json" };
    const request = { method: "PATCH", body: JSON.stringify(change), headers };
    return this.addressed(await withRetries(() => this.#json(pathOf(jobId), request)));
  }

  /** The request outlives a page that is being left. */
  async deleteVideo(jobId) {
    const request = { method: "DELETE", keepalive: true };
    await withRetries(() => this.#send(pathOf(jobId), request));
  }

  async share(jobId) {
    const request = { method: "POST" };
    return this.addressed(await withRetries(() => this.#json(`${pathOf(jobId)}/share`, request)));
  }

  async revokeShare(jobId) {
    await withRetries(() => this.#send(`${pathOf(jobId)}/share`, { method: "DELETE" }));
  }

  credits(signal) {
    return this.#json("/api/credits", { signal });
  }

  me(signal) {
    return this.#json("/api/me", { signal });
  }

  /** A job or video whose addresses start at `baseUrl`: the service knows only its own paths. */
  addressed(shape) {
    const own = Object.entries(shape).filter(([name, value]) => isPath(name, value));
    return { ...shape, ...Object.fromEntries(own.map(([name, path]) => [name, this.#baseUrl + path])) };
  }

  #currentToken() {
    if (!this.isRefused) return this.#askForToken({ refused: false });
    this.#renewal ??= this.#askForToken({ refused: true }).finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #askForToken(why) {
    let token;
    try {
      token = (await unlessAborted(this.#getToken(why), AbortSignal.timeout(TIMEOUT))) ?? null;
    } catch (cause) {
      const isUnanswered = cause instanceof TypeError || cause?.name === "TimeoutError";
      if (isUnanswered) throw GenerationError.ofNetwork(cause);
      throw new GenerationError("unauthenticated", "Nobody is signed in.", { cause });
    }
    this.#latest = token;
    this.#onToken(token);
    this.usesTokens ||= token !== null;
    return token;
  }

  async #job(path, request) {
    const job = await this.#json(path, request);
    if (typeof job.jobId !== "string") throw unreadable();
    return this.addressed(job);
  }

  async #json(path, request) {
    const response = await this.#send(path, request);
    let answer;
    try {
      answer = await response.json();
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw GenerationError.ofNetwork(cause, request.signal);
      throw unreadable(response.status, cause);
    }
    if (answer === null || typeof answer !== "object") throw unreadable(response.status);
    return answer;
  }

  /** Sends a request, and once more if its token is refused and the app may have another one. */
  async #send(path, request) {
    const token = await this.token(request.signal);
    try {
      return await this.#sendAs(token, path, request);
    } catch (error) {
      if (error.code !== "unauthenticated") throw error;
      const next = await this.token(request.signal);
      if (token && next === token) throw error;
      return this.#sendAs(next, path, request);
    }
  }

  async #sendAs(token, path, { query = {}, headers = {}, timeout = TIMEOUT, isPublic, check, ...request }) {
    check?.();
    const { signal, onprogress } = request;
    const send = onprogress ? upload : fetch;
    const authorization = token ? { Authorization: `Bearer ${token}` } : {};
    const limits = [signal, timeout && AbortSignal.timeout(timeout)].filter(Boolean);
    let response;
    try {
      response = await send(this.#url(path, query), {
        ...request,
        headers: { ...headers, ...authorization },
        signal: AbortSignal.any(limits),
      });
    } catch (cause) {
      throw GenerationError.ofNetwork(cause, signal);
    }
    if (response.status === 401) this.#refused = token;
    else if (token === this.#refused && !isPublic) this.#refused = NONE; // a cookie was renewed
    if (!response.ok) throw await GenerationError.ofResponse(response);
    return response;
  }

  #url(path, query) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
    return `${this.#baseUrl}${path}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
  }
}

/** The token's `sub`, unverified: it only separates users within this browser. */
export function subject(token) {
  const sub = claims(token)?.sub;
  return typeof sub === "string" && sub !== "" ? sub : null;
}

/** Whether the token says so, by this machine's clock. */
export function hasExpired(token) {
  return claims(token)?.exp <= Date.now() / 1000;
}

/** Null if there is no token, or one that nobody but the service can read. */
function claims(token) {
  try {
    const text = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

function unreadable(status, cause) {
  return new GenerationError("unexpected_answer", "The service's answer cannot be read.", { status, cause });
}

function pathOf(jobId) {
  return `${LIBRARY}/${encodeURIComponent(jobId)}`;
}

function isPath(name, value) {
  return /url$/i.test(name) && typeof value === "string" && value.startsWith("/");
}

async function withRetries(request, signal) {
  for (let failures = 0; ; failures += 1) {
    try {
      return await request();
    } catch (error) {
      const isLast = failures + 1 === TRIES || error.retryAfter > LONGEST_WAIT;
      if (!error.isTemporary || isLast) throw error;
      await delay(Math.max(backoff(failures), (error.retryAfter ?? 0) * 1_000), signal);
    }
  }
}

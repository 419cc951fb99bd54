import { backoff, delay } from "./delays.js";
import { GenerationError } from "./errors.js";

const ROOT = "/api/templates/video";
const TIMEOUT = 20_000; // milliseconds
const UPLOAD_TIMEOUT = 150_000; // milliseconds
const TRIES = 4;

/** The service's HTTP interface. Every method rejects with a GenerationError. */
export class Client {
  #baseUrl;
  #getToken;
  #onToken;

  constructor({ baseUrl, getToken, onToken }) {
    this.#baseUrl = baseUrl;
    this.#getToken = getToken;
    this.#onToken = onToken;
  }

  /** Gets the access token of the signed-in user, and reports it to `onToken`. */
  async token() {
    let token;
    try {
      token = await this.#getToken();
    } catch (cause) {
      if (cause instanceof TypeError) throw GenerationError.ofNetwork(cause);
      throw new GenerationError("unauthenticated", "Nobody is signed in.", { cause });
    }
    this.#onToken(token);
    return token;
  }

  /** All tries use one idempotency key, so they create at most one job. */
  submit(image, data, { signal, idempotencyKey }) {
    const form = new FormData();
    form.append("startImage", image, "canvas");
    form.append("data", JSON.stringify(data));
    const headers = { "Idempotency-Key": idempotencyKey };
    const request = { method: "POST", body: form, headers, signal, timeout: UPLOAD_TIMEOUT };
    return withRetries(() => this.#json(ROOT, request), signal);
  }

  status(jobId, signal) {
    return this.#json(`${ROOT}/status`, { query: { jobId }, signal });
  }

  cancel(jobId) {
    return withRetries(() => this.#json(`${ROOT}/cancel`, { method: "POST", query: { jobId } }));
  }

  /** Opens the event stream of all unfinished jobs; it stays open until the signal fires. */
  events(signal) {
    const headers = { Accept: "text/event-stream" };
    return this.#send(`${ROOT}/events`, { headers, signal, timeout: null });
  }

  templates(signal) {
    return this.#json("/api/templates", { signal });
  }

  library({ signal, ...query }) {
    return this.#json("/api/library", { query, signal });
  }

  credits(signal) {
    return this.#json("/api/credits", { signal });
  }

  async #json(path, request) {
    const response = await this.#send(path, request);
    try {
      return await response.json();
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw GenerationError.ofNetwork(cause, request.signal);
      throw new GenerationError("unexpected_answer", "The service's answer cannot be read.", {
        status: response.status,
        cause,
      });
    }
  }

  async #send(path, { query = {}, headers = {}, timeout = TIMEOUT, signal, ...request }) {
    const token = await this.token();
    const authorization = token ? { Authorization: `Bearer ${token}` } : {};
    const limits = [signal, timeout && AbortSignal.timeout(timeout)].filter(Boolean);
    let response;
    try {
      response = await fetch(this.#url(path, query), {
        ...request,
        headers: { ...headers, ...authorization },
        signal: AbortSignal.any(limits),
      });
    } catch (cause) {
      throw GenerationError.ofNetwork(cause, signal);
    }
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
  try {
    const claims = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(claims), (character) => character.charCodeAt(0));
    return String(JSON.parse(new TextDecoder().decode(bytes)).sub ?? "");
  } catch {
    return ""; // no token, or one that the service will reject
  }
}

async function withRetries(request, signal) {
  for (let failures = 0; ; failures += 1) {
    try {
      return await request();
    } catch (error) {
      if (!error.isTemporary || failures + 1 === TRIES) throw error;
      await delay(Math.max(backoff(failures), (error.retryAfter ?? 0) * 1_000), signal);
    }
  }
}

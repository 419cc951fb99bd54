import { GenerationError } from "./errors.js";
import { backoff, pause } from "./pauses.js";

const ROOT = "/api/templates/video";
const PATIENCE = 20_000;
const UPLOAD_PATIENCE = 150_000;
const TRIES = 4;

/** The service's HTTP interface; whatever goes wrong is a GenerationError. */
export class Client {
  #baseUrl;
  #getToken;
  #onToken;

  constructor({ baseUrl, getToken, onToken }) {
    this.#baseUrl = baseUrl;
    this.#getToken = getToken;
    this.#onToken = onToken;
  }

  /** Ask who is signed in. */
  async token() {
    let token;
    try {
      token = await this.#getToken();
    } catch (cause) {
      if (cause instanceof TypeError) throw GenerationError.ofSilence(cause);
      throw new GenerationError("unauthenticated", "Nobody is signed in.", { cause });
    }
    this.#onToken(token);
    return token;
  }

  /** The key stays the same over all tries, so that however many arrive, one job is made. */
  submit(image, data, { signal, idempotencyKey }) {
    const form = new FormData();
    form.append("startImage", image, "canvas");
    form.append("data", JSON.stringify(data));
    const headers = { "Idempotency-Key": idempotencyKey };
    const request = { method: "POST", body: form, headers, signal, patience: UPLOAD_PATIENCE };
    return persistently(() => this.#json(ROOT, request), signal);
  }

  status(jobId, signal) {
    return this.#json(`${ROOT}/status`, { query: { jobId }, signal });
  }

  cancel(jobId) {
    return persistently(() => this.#json(`${ROOT}/cancel`, { method: "POST", query: { jobId } }));
  }

  /** Open the stream of all jobs under way; it lasts until the signal fires. */
  events(signal) {
    const headers = { Accept: "text/event-stream" };
    return this.#send(`${ROOT}/events`, { headers, signal, patience: null });
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
      if (!(cause instanceof SyntaxError)) throw GenerationError.ofSilence(cause, request.signal);
      throw new GenerationError("unexpected_answer", "The service's answer cannot be read.", {
        status: response.status,
        cause,
      });
    }
  }

  async #send(path, { query = {}, headers = {}, patience = PATIENCE, signal, ...request }) {
    const token = await this.token();
    const authorization = token ? { Authorization: `Bearer ${token}` } : {};
    const limits = [signal, patience && AbortSignal.timeout(patience)].filter(Boolean);
    let response;
    try {
      response = await fetch(this.#url(path, query), {
        ...request,
        headers: { ...headers, ...authorization },
        signal: AbortSignal.any(limits),
      });
    } catch (cause) {
      throw GenerationError.ofSilence(cause, signal);
    }
    if (!response.ok) throw await GenerationError.ofResponse(response);
    return response;
  }

  #url(path, query) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
    return `${this.#baseUrl}${path}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
  }
}

/** The user a token speaks of, unverified: it only keeps users apart within this browser. */
export function subject(token) {
  try {
    const claims = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(claims), (character) => character.charCodeAt(0));
    return String(JSON.parse(new TextDecoder().decode(bytes)).sub ?? "");
  } catch {
    return ""; // no token, or one the service will refuse
  }
}

async function persistently(attempt, signal) {
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!error.isPassing || failures + 1 === TRIES) throw error;
      await pause(Math.max(backoff(failures), (error.retryAfter ?? 0) * 1_000), signal);
    }
  }
}

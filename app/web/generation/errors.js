/** Answers of a proxy or of the app's own server, which have no code. */
const OF_A_PROXY = {
  401: { code: "unauthenticated", detail: "Nobody is signed in." },
  413: { code: "image_too_large", detail: "The picture is too large for this site. Use a smaller one." },
};
const LONGEST_PAUSE = 3_600; // seconds; a browser's timer of 25 days or more would fire at once
const TEMPORARY = ["offline", "shutting_down", "database_unavailable", "identity_unavailable", "too_busy"];

/**
 * Every error of this module, with a stable `code`. Codes of the service: `insufficient_credits`,
 * `fal_rejected`, …. Codes of the browser: `offline` (no answer), `aborted` (the caller's signal
 * fired, or following stopped), `cancelled` (the job was cancelled), `deleted` (its video was
 * deleted), `image_unavailable` (the canvas gave no picture), `unexpected_answer` (for example from
 * a proxy).
 */
export class GenerationError extends Error {
  constructor(code, detail, { status = null, jobId = null, retryAfter = null, cause } = {}) {
    super(detail, { cause });
    this.name = "GenerationError";
    this.code = code;
    this.detail = detail;
    this.status = status;
    this.jobId = jobId;
    this.retryAfter = retryAfter;
  }

  /** The error of a job that ended without a video, or whose video is deleted; otherwise undefined. */
  static ofJob({ jobId, status, error, url }) {
    if (status === "cancelled") {
      return new GenerationError("cancelled", "The generation was cancelled.", { jobId });
    }
    if (status === "completed" && !url) {
      return new GenerationError("deleted", "The video is no longer there.", { jobId });
    }
    return status === "failed" ? new GenerationError(error.code, error.message, { jobId }) : undefined;
  }

  /** Reads an error response: `application/problem+json`, or whatever a proxy sends instead. */
  static async ofResponse(response) {
    const answer = await response.json().catch(() => null);
    const problem = answer?.code ? answer : (OF_A_PROXY[response.status] ?? {});
    const detail = problem.detail ?? `The service cannot be reached at the moment (${response.status}).`;
    return new GenerationError(problem.code ?? "unexpected_answer", detail, {
      status: response.status,
      jobId: problem.jobId ?? null,
      retryAfter: seconds(response.headers.get("Retry-After")),
    });
  }

  /** A request without an answer: the caller's signal fired, or the network failed. */
  static ofNetwork(cause, signal) {
    return signal?.aborted
      ? new GenerationError("aborted", "The request was aborted.", { cause })
      : new GenerationError("offline", "The service cannot be reached.", { cause });
  }

  /** Whether the same request may succeed in a moment. */
  get isTemporary() {
    return TEMPORARY.includes(this.code) || (this.code === "unexpected_answer" && this.status >= 500);
  }
}

function seconds(header) {
  if (header === null) return null;
  const given = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isNaN(given) ? null : Math.min(LONGEST_PAUSE, Math.max(0, given));
}

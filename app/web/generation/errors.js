/**
 * Whatever goes wrong, under a stable `code`: the service's own (`insufficient_credits`,
 * `fal_rejected`, …), or one of the browser's: `offline` (no answer), `aborted` (nobody waits any
 * more), `cancelled` (the job was), `image_unavailable` (the canvas gave no picture),
 * `unexpected_answer` (somebody between us and the service answered).
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

  /** What a job that has ended without a video rejects with; undefined for any other. */
  static ofJob({ jobId, status, error }) {
    if (status === "cancelled") {
      return new GenerationError("cancelled", "The generation was cancelled.", { jobId });
    }
    return status === "failed" ? new GenerationError(error.code, error.message, { jobId }) : undefined;
  }

  /** Read a refusal: `application/problem+json`, or what a proxy says instead. */
  static async ofResponse(response) {
    const problem = (await response.json().catch(() => null)) ?? {};
    const detail = problem.detail ?? `The service is not reachable just now (${response.status}).`;
    return new GenerationError(problem.code ?? "unexpected_answer", detail, {
      status: response.status,
      jobId: problem.jobId ?? null,
      retryAfter: seconds(response.headers.get("Retry-After")),
    });
  }

  /** Why there is no answer: the caller's signal, or the network. */
  static ofSilence(cause, signal) {
    return signal?.aborted
      ? new GenerationError("aborted", "Nobody waits for this any more.", { cause })
      : new GenerationError("offline", "The service cannot be reached.", { cause });
  }

  /** The same request may well succeed in a moment. */
  get isPassing() {
    const codes = ["offline", "shutting_down", "database_unavailable"];
    return codes.includes(this.code) || (this.code === "unexpected_answer" && this.status >= 500);
  }
}

function seconds(header) {
  if (header === null) return null;
  const given = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(given) ? Math.max(0, given) : null;
}

/** Not crypto.randomUUID, which needs a secure context. */
export function newKey() {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

const KEPT_FOR = 600_000; // milliseconds; later, the same order is meant to be made again

/**
 * The idempotency keys of orders. A key without a job is kept for the next order: if an answer was
 * lost and both orders are the same, the service makes one job of them.
 */
export class OrderKeys {
  #kept = null;
  #keptAt = 0;

  next() {
    return Date.now() - this.#keptAt < KEPT_FOR ? this.#kept ?? newKey() : newKey();
  }

  /** Calls `submit` with the key, or with a new one if the key has made a job of another order. */
  async use(key, submit, isNew = false) {
    if (key === this.#kept) this.#kept = null;
    try {
      return await submit(key);
    } catch (error) {
      if (error.code === "idempotency_mismatch" && !isNew) return this.use(newKey(), submit, true);
      if (!error.jobId) [this.#kept, this.#keptAt] = [key, Date.now()];
      throw error;
    }
  }
}

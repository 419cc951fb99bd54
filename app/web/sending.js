const NEAR = 1_000; // milliseconds; browsers report what was sent every 50 ms

/**
 * The sending of one order. It may be given up only while its end is far: what is reported lags
 * behind what was sent, and an order that the service has got whole becomes a job.
 */
export class Sending {
  #controller = new AbortController();
  #startedAt = 0;
  #sent = 0;
  #total = Infinity;
  #wasNear = false;
  #mayHaveArrived = false;

  get signal() {
    return this.#controller.signal;
  }

  /** From 0 to 1. */
  get share() {
    return this.#sent / this.#total;
  }

  note({ sent, total }) {
    if (sent === 0) {
      this.#mayHaveArrived ||= this.#wasNear; // the answer to the last try was lost
      this.#startedAt = performance.now();
    }
    this.#sent = sent;
    this.#total = total;
    this.#wasNear = sent > 0 && this.#isNear;
  }

  /** False if the service may have got all; only its answer says what became of it. */
  giveUp() {
    if (this.#mayHaveArrived || this.#isNear) return false;
    this.#controller.abort();
    return true;
  }

  /** Whether the rest would be sent in a moment, at the speed so far; if it is unknown, at any speed. */
  get #isNear() {
    const time = performance.now() - this.#startedAt;
    if (this.#sent === 0) return this.#total < Infinity && time < NEAR;
    return this.#total - this.#sent < (this.#sent / time) * NEAR;
  }
}

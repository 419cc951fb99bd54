/** Milliseconds that the leading tab has to answer before another tab replaces it. */
const ANSWER_TIMEOUT = 2_000;

/**
 * Elects one of a user's tabs as the leader, which alone talks to the service and sends what it
 * learns to the other tabs. The leader holds a Web Lock; the browser passes the lock on when that
 * tab closes. A leader that does not answer (a frozen tab, a sleeping phone) loses the lock to a
 * visible tab. A tab leads alone if the browser has no locks or channels, or if `name` is null.
 *
 * `on`: `lead()`, `stopLeading()`, `unfinished() → ids`, `current(ids) → message or null`,
 * `received(message)`.
 */
export class Tabs {
  #name;
  #silenceMs;
  #on;
  #channel = null;
  #lockRequest = null;
  #release = null;
  #closed = false;
  #timer;
  leads = false;

  constructor(name, { silenceMs, on }) {
    this.#name = name;
    this.#silenceMs = silenceMs;
    this.#on = on;
  }

  open() {
    this.#channel = this.#name !== null && navigator.locks ? channelOf(this.#name) : null;
    if (this.#channel === null) return this.#lead();
    this.#channel.onmessage = ({ data }) => this.#receive(data);
    void this.#requestLock();
    this.ask();
  }

  close() {
    this.#closed = true;
    this.#stopLeading();
    this.#lockRequest?.abort();
    this.#channel?.close();
    this.#channel = null;
    clearTimeout(this.#timer);
  }

  post(message) {
    this.#channel?.postMessage(message);
  }

  /** Asks the leader for the current state, and takes over if it does not answer. */
  ask() {
    if (this.leads) return;
    this.post({ type: "hello", ids: this.#on.unfinished() });
    this.#afterSilence(ANSWER_TIMEOUT, () => this.#takeOver());
  }

  #receive(message) {
    if (message.type === "hello") {
      const current = this.leads ? this.#on.current(message.ids) : null;
      if (current) this.post({ type: "current", ...current });
      return;
    }
    if (message.type !== "job" && !this.leads) {
      this.#afterSilence(this.#silenceMs, () => this.ask());
    }
    this.#on.received(message);
  }

  #afterSilence(milliseconds, act) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, milliseconds);
  }

  /** Only in a visible tab: browsers freeze hidden ones, and a hidden tab asks again when shown. */
  #takeOver() {
    if (!document.hidden) void this.#requestLock({ steal: true });
  }

  async #requestLock({ steal = false } = {}) {
    this.#lockRequest?.abort();
    const request = new AbortController();
    this.#lockRequest = request;
    const options = steal ? { steal } : { signal: request.signal };
    try {
      await navigator.locks.request(this.#name, options, () => this.#lead());
    } catch (error) {
      if (this.#closed || request !== this.#lockRequest) return;
      if (error.name !== "AbortError") return this.#lead(); // the browser forbids locks here
      this.#stopLeading();
      void this.#requestLock();
      this.ask();
    }
  }

  /** Leads until `#stopLeading`; the lock is held until the returned promise resolves. */
  #lead() {
    if (this.#closed) return undefined;
    clearTimeout(this.#timer);
    this.leads = true;
    this.#on.lead();
    return new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  #stopLeading() {
    if (!this.leads) return;
    this.leads = false;
    this.#on.stopLeading();
    this.#release();
  }
}

/** Null if the browser has no channels, or forbids them. */
export function channelOf(name) {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
}

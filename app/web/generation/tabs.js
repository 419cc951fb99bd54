/** How long a leading tab may take to answer before another one takes its place. */
const ANSWER = 2_000;

/**
 * The tabs of one user: one leads and speaks with the service, the others listen to it. The
 * browser elects the leader by a lock and hands the lock on when that tab is closed; a leader that
 * sleeps (a frozen tab, a phone) loses it to a tab that is looked at. Without locks or channels,
 * or with no name to share, a tab leads itself alone.
 *
 * `on`: `lead()`, `resign()`, `unfinished() → ids`, `present(ids) → message or null`,
 * `received(message)`.
 */
export class Tabs {
  #name;
  #silence;
  #on;
  #channel = null;
  #queue = null;
  #release = null;
  #closed = false;
  #timer;
  leads = false;

  constructor(name, { silence, on }) {
    this.#name = name;
    this.#silence = silence;
    this.#on = on;
  }

  open() {
    this.#channel = this.#name !== null && navigator.locks ? channelOf(this.#name) : null;
    if (this.#channel === null) return this.#lead();
    this.#channel.onmessage = ({ data }) => this.#receive(data);
    void this.#stand();
    this.ask();
  }

  close() {
    this.#closed = true;
    this.#resign();
    this.#queue?.abort();
    this.#channel?.close();
    this.#channel = null;
    clearTimeout(this.#timer);
  }

  post(message) {
    this.#channel?.postMessage(message);
  }

  /** Ask whoever leads what there is, and make sure that somebody does. */
  ask() {
    if (this.leads) return;
    this.post({ type: "hello", ids: this.#on.unfinished() });
    this.#afterSilence(ANSWER, () => this.#takeOver());
  }

  #receive(message) {
    if (message.type === "hello") {
      const present = this.leads ? this.#on.present(message.ids) : null;
      if (present) this.post({ type: "present", ...present });
      return;
    }
    if (message.type !== "job" && !this.leads) {
      this.#afterSilence(this.#silence, () => this.ask());
    }
    this.#on.received(message);
  }

  #afterSilence(milliseconds, act) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, milliseconds);
  }

  /** A hidden tab would sleep soon itself; it asks again once it is shown. */
  #takeOver() {
    if (!document.hidden) void this.#stand({ steal: true });
  }

  async #stand({ steal = false } = {}) {
    this.#queue?.abort();
    const queue = new AbortController();
    this.#queue = queue;
    const options = steal ? { steal } : { signal: queue.signal };
    try {
      await navigator.locks.request(this.#name, options, () => this.#lead());
    } catch (error) {
      if (this.#closed || queue !== this.#queue) return;
      if (error.name !== "AbortError") return this.#lead(); // locks are forbidden here
      this.#resign();
      void this.#stand();
      this.ask();
    }
  }

  /** Lead until resigned; the lock is held as long as the promise is open. */
  #lead() {
    if (this.#closed) return undefined;
    clearTimeout(this.#timer);
    this.leads = true;
    this.#on.lead();
    return new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  #resign() {
    if (!this.leads) return;
    this.leads = false;
    this.#on.resign();
    this.#release();
  }
}

/** Null where the browser has none, or forbids it. */
function channelOf(name) {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
}

import { GenerationError } from "./errors.js";
import { Tabs } from "./tabs.js";
import { UpdateSource } from "./update-source.js";

/**
 * Keeps this tab up to date with one user's jobs: from the service if this tab leads, otherwise
 * from the leading tab.
 *
 * `on`: `unfinished() → ids`, `statuses(ids) → statuses of these and of all unfinished jobs`,
 * `update(status, source)`, `updateFromTab(status, source)`, `notFound(id, error)`,
 * `connected(state)`, `signedOut(error)`.
 */
export class SharedUpdates {
  #client;
  #timing;
  #on;
  #tabs;
  #source = null;
  #connection = null;
  #open = new AbortController();

  constructor(scope, { client, timing, on }) {
    this.scope = scope;
    this.#client = client;
    this.#timing = timing;
    this.#on = on;
    this.#tabs = this.#newTabs();
  }

  open() {
    this.#tabs.open();
    const { signal } = this.#open;
    const check = () => document.hidden || this.#checkNow();
    document.addEventListener("visibilitychange", check, { signal });
    for (const change of ["online", "offline"]) {
      addEventListener(change, () => this.#checkNow({ reconnect: true }), { signal });
    }
    addEventListener("pagehide", () => this.#tabs.close(), { signal });
    addEventListener("pageshow", ({ persisted }) => persisted && this.#reopen(), { signal });
  }

  close() {
    this.#open.abort();
    this.#tabs.close();
  }

  /** Call this for each new job, whose updates should arrive soon. */
  expectJob() {
    this.#source?.expectJob();
    this.#tabs.ask();
  }

  tokenChanged() {
    this.#source?.tokenChanged();
  }

  /** Sends an update that this tab received from the service to the other tabs. */
  share(status, source) {
    this.#tabs.post({ type: "job", status, how: source }); // `how`: tabs of older releases read it
  }

  #newTabs() {
    return new Tabs(this.scope, {
      silenceMs: this.#timing.silenceMs,
      on: {
        lead: () => this.#lead(),
        stopLeading: () => this.#stopLeading(),
        unfinished: this.#on.unfinished,
        current: (ids) => this.#current(ids),
        received: (message) => this.#receive(message),
      },
    });
  }

  #lead() {
    this.#source = new UpdateSource(this.#client, this.#timing, {
      ...this.#on,
      connected: (state) => {
        this.#connected(state);
        this.#tabs.post({ type: "connection", state });
      },
      notFound: (id, error) => {
        this.#tabs.post({ type: "notFound", id, detail: error.message });
        this.#on.notFound(id, error);
      },
    });
    void this.#source.run();
  }

  #stopLeading() {
    this.#source.stop();
    this.#source = null;
  }

  #checkNow(options) {
    this.#source?.checkNow(options);
    this.#tabs.ask();
  }

  /** The page is back from the back/forward cache, which closes every connection. */
  #reopen() {
    this.#tabs = this.#newTabs();
    this.#tabs.open();
  }

  #connected(state) {
    this.#connection = state;
    this.#on.connected(state);
  }

  /**
   * Null if another tab should take over: browsers slow down the timers of hidden tabs, so a hidden
   * leader without a stream cannot poll in time.
   */
  #current(ids) {
    const statuses = this.#on.statuses(ids);
    const shouldHandOver = document.hidden && this.#connection !== "live";
    return shouldHandOver ? null : { statuses, state: this.#connection };
  }

  #receive({ type, state, status, how: source, statuses = [], id, detail }) {
    if (type === "job") this.#on.updateFromTab(status, source);
    if (type === "notFound") this.#on.notFound(id, notFound(id, detail));
    statuses.forEach((each) => this.#on.updateFromTab(each, "Event"));
    if (!state) return;
    const lostStream = type === "connection" && state !== "live" && this.#connection === "live";
    this.#connected(state);
    if (lostStream) this.#tabs.ask();
  }
}

function notFound(jobId, detail) {
  return new GenerationError("job_not_found", detail, { status: 404, jobId });
}

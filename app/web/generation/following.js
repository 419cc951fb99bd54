import { Feed } from "./feed.js";
import { Tabs } from "./tabs.js";

/**
 * Keeps this tab up to date with one user's jobs, by its own feed or by another tab's, for as long
 * as it is open.
 *
 * `on`: `unfinished() → ids`, `known(ids) → statuses of these and of all unfinished jobs`,
 * `heard(status, how)`, `overheard(status, how)` by another tab, `missing(id, error)`,
 * `connected(state)`, `refused(error)`.
 */
export class Following {
  #client;
  #timing;
  #on;
  #tabs;
  #feed = null;
  #connection = null;
  #page = new AbortController();

  constructor(scope, { client, timing, on }) {
    this.scope = scope;
    this.#client = client;
    this.#timing = timing;
    this.#on = on;
    this.#tabs = this.#newTabs();
  }

  open() {
    this.#tabs.open();
    const { signal } = this.#page;
    const look = () => document.hidden || this.#look();
    document.addEventListener("visibilitychange", look, { signal });
    for (const change of ["online", "offline"]) {
      addEventListener(change, () => this.#look({ anew: true }), { signal });
    }
    addEventListener("pagehide", () => this.#tabs.close(), { signal });
    addEventListener("pageshow", ({ persisted }) => persisted && this.#reopen(), { signal });
  }

  close() {
    this.#page.abort();
    this.#tabs.close();
  }

  /** There is a new job to hear of. */
  expect() {
    this.#feed?.expect();
    this.#tabs.ask();
  }

  tokenChanged() {
    this.#feed?.tokenChanged();
  }

  /** Pass on to the other tabs what this one has learned. */
  share(status, how) {
    this.#tabs.post({ type: "job", status, how });
  }

  #newTabs() {
    return new Tabs(this.scope, {
      silence: this.#timing.silenceMs,
      on: {
        lead: () => this.#lead(),
        resign: () => this.#resign(),
        unfinished: this.#on.unfinished,
        present: (ids) => this.#present(ids),
        received: (message) => this.#receive(message),
      },
    });
  }

  #lead() {
    this.#feed = new Feed(this.#client, this.#timing, {
      ...this.#on,
      connected: (state) => {
        this.#connected(state);
        this.#tabs.post({ type: "connection", state });
      },
    });
    void this.#feed.run();
  }

  #resign() {
    this.#feed.stop();
    this.#feed = null;
  }

  #look(how) {
    this.#feed?.look(how);
    this.#tabs.ask();
  }

  /** Back from the browser's cache of pages, where no line survives. */
  #reopen() {
    this.#tabs = this.#newTabs();
    this.#tabs.open();
  }

  #connected(state) {
    this.#connection = state;
    this.#on.connected(state);
  }

  /** Timers of a hidden tab are slow: a leader that needs them lets one that is seen take over. */
  #present(ids) {
    const statuses = this.#on.known(ids);
    const unfit = document.hidden && this.#connection !== "live";
    return unfit ? null : { statuses, state: this.#connection };
  }

  #receive({ type, state, status, how, statuses = [] }) {
    if (type === "job") this.#on.overheard(status, how);
    statuses.forEach((known) => this.#on.overheard(known, "Event"));
    if (!state) return;
    const worse = type === "connection" && state !== "live" && this.#connection === "live";
    this.#connected(state);
    if (worse) this.#tabs.ask();
  }
}

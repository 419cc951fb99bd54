import { passing } from "./views/memory.js";

const KEY = "access-token";

/** Who is calling: a token from the address or the sign-in, for as long as the tab lives. */
export class Identity {
  /** Takes `#token=…` out of the address before anything else can read or log it. */
  constructor() {
    const handed = /^#token=(.+)$/.exec(location.hash);
    if (!handed) return;
    passing.set(KEY, decodeURIComponent(handed[1]));
    history.replaceState(null, "", location.pathname + location.search);
  }

  get token() {
    return passing.get(KEY);
  }

  set token(value) {
    passing.set(KEY, value);
  }
}

/** The user's credits, asked again whenever a job may have moved them. */
export class Account extends EventTarget {
  #videos;
  #asking = null;

  credits = null;

  constructor(videos) {
    super();
    this.#videos = videos;
  }

  /** Emits `change`; calls that overlap share one question. */
  async refresh() {
    this.#asking ??= this.#videos.credits().finally(() => {
      this.#asking = null;
    });
    this.credits = await this.#asking;
    this.dispatchEvent(new Event("change"));
  }
}

/** The templates, asked for once. */
export class Catalogue {
  #videos;
  #asking = null;

  templates = [];

  constructor(videos) {
    this.#videos = videos;
  }

  async load() {
    this.#asking ??= this.#videos.templates();
    try {
      ({ templates: this.templates } = await this.#asking);
    } catch (error) {
      this.#asking = null;
      throw error;
    }
    return this.templates;
  }

  find(slug) {
    return this.templates.find((template) => template.slug === slug);
  }
}

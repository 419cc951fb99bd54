import { passing } from "./views/memory.js";

const KEY = "access-token";
const HANDED = /^#token=(.+)$/;

/** Who is calling: a token from the address or the sign-in, for as long as the tab lives. */
export class Identity {
  /** Takes `#token=…` out of the address before anything else can read or log it. */
  constructor() {
    this.#take();
    // Such a link, opened where the page is open already: somebody else begins anew.
    addEventListener("hashchange", () => HANDED.test(location.hash) && location.reload());
  }

  get token() {
    return passing.get(KEY);
  }

  set token(value) {
    passing.set(KEY, value);
  }

  #take() {
    const handed = HANDED.exec(location.hash);
    if (!handed) return;
    history.replaceState(null, "", location.pathname + location.search);
    try {
      passing.set(KEY, decodeURIComponent(handed[1]));
    } catch {
      // A link that was cut off hands nothing over.
    }
  }
}

/** The user's credits, asked again whenever a job may have moved them. */
export class Account extends EventTarget {
  #videos;
  #asking = null;
  #token;

  credits = null;

  constructor(videos) {
    super();
    this.#videos = videos;
  }

  /** Emits `change`; calls that overlap share one question, unless somebody else signs in. */
  async refresh() {
    const token = passing.get(KEY);
    if (this.#token !== token) this.#asking = null;
    this.#token = token;
    const asking = (this.#asking ??= this.#videos.credits());
    try {
      const credits = await asking;
      if (token !== passing.get(KEY)) return;
      this.credits = credits;
      this.dispatchEvent(new Event("change"));
    } catch (error) {
      if (token === passing.get(KEY)) throw error;
    } finally {
      if (this.#asking === asking) this.#asking = null;
    }
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

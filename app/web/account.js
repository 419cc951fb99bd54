import { sessionStore } from "./views/browser-storage.js";

const KEY = "access-token";
const TOKEN_LINK = /^#token=(.+)$/;

/** The user's access token, from the URL or the sign-in dialog, kept until the tab closes. */
export class Identity {
  /** Removes `#token=…` from the URL before anything else can read or log it. */
  constructor() {
    this.#readToken();
    // Such a link was opened in a tab that shows the page: reload for the new user.
    addEventListener("hashchange", () => TOKEN_LINK.test(location.hash) && location.reload());
  }

  get token() {
    return sessionStore.get(KEY);
  }

  set token(value) {
    sessionStore.set(KEY, value);
  }

  #readToken() {
    const link = TOKEN_LINK.exec(location.hash);
    if (!link) return;
    history.replaceState(null, "", location.pathname + location.search);
    try {
      sessionStore.set(KEY, decodeURIComponent(link[1]));
    } catch {
      // The link was cut off: there is no token.
    }
  }
}

/** The user's credits, refreshed when a job may have changed them. */
export class Account extends EventTarget {
  #videos;
  #request = null;
  #token;

  credits = null;

  constructor(videos) {
    super();
    this.#videos = videos;
  }

  /** Emits `change`; calls that overlap share one request, unless another user signs in. */
  async refresh() {
    const token = sessionStore.get(KEY);
    if (this.#token !== token) this.#request = null;
    this.#token = token;
    const request = (this.#request ??= this.#videos.credits());
    try {
      const credits = await request;
      if (token !== sessionStore.get(KEY)) return;
      this.credits = credits;
      this.dispatchEvent(new Event("change"));
    } catch (error) {
      if (token === sessionStore.get(KEY)) throw error;
    } finally {
      if (this.#request === request) this.#request = null;
    }
  }
}

/** The templates, loaded once. */
export class Catalogue {
  #client;
  #request = null;

  templates = [];

  constructor(client) {
    this.#client = client;
  }

  async load() {
    this.#request ??= this.#client.templates();
    try {
      ({ templates: this.templates } = await this.#request);
    } catch (error) {
      this.#request = null;
      throw error;
    }
    return this.templates;
  }

  find(slug) {
    return this.templates.find((template) => template.slug === slug);
  }
}

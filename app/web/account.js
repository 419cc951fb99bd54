/** The user's credits, refreshed when a job may have changed them. */
export class Account extends EventTarget {
  #videos;
  #session;
  #request = null;
  #token;

  credits = null;

  constructor(videos, session) {
    super();
    this.#videos = videos;
    this.#session = session;
  }

  /** Emits `change`; calls that overlap share one request, unless another user signs in. */
  async refresh() {
    const { token } = this.#session;
    if (this.#token !== token) this.#request = null;
    this.#token = token;
    const request = (this.#request ??= this.#videos.credits());
    try {
      const credits = await request;
      if (token !== this.#session.token) return;
      this.credits = credits;
      this.dispatchEvent(new Event("change"));
    } catch (error) {
      if (token === this.#session.token) throw error;
    } finally {
      if (this.#request === request) this.#request = null;
    }
  }
}

/** The templates, loaded once; the cheapest first. */
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
      const { templates } = await this.#request;
      this.templates = templates.sort((one, other) => one.credits - other.credits);
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

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

const OLD = 5 * 60_000; // milliseconds; the operator may have changed prices by then

/** The templates, the cheapest first. */
export class Catalogue {
  #client;
  #request = null;
  #loadedAt;

  templates = [];

  constructor(client) {
    this.#client = client;
  }

  get isOld() {
    return Date.now() - this.#loadedAt > OLD;
  }

  /** Returns whether the templates are others than before; calls that overlap share one request. */
  async load() {
    this.#request ??= this.#client.templates().finally(() => {
      this.#request = null;
    });
    const { templates } = await this.#request;
    const isFirst = this.#loadedAt === undefined;
    this.#loadedAt = Date.now();
    templates.sort((one, other) => one.credits - other.credits);
    if (!isFirst && offerOf(templates) === offerOf(this.templates)) return false;
    this.templates = templates;
    return true;
  }

  find(slug) {
    return this.templates.find((template) => template.slug === slug);
  }
}

/** Without the times to wait, which change with every video. */
function offerOf(templates) {
  return JSON.stringify(templates, (name, value) => (name === "waitSeconds" ? undefined : value));
}

/** Reads and sets the view in the URL, `#/view?name=value`, so that reloads and links work. */
export class Router extends EventTarget {
  #views;

  constructor(views) {
    super();
    this.#views = views;
    addEventListener("hashchange", () => this.dispatchEvent(new Event("change")));
  }

  get location() {
    const [path, query = ""] = window.location.hash.replace(/^#\/?/, "").split("?");
    const view = this.#views.includes(path) ? path : this.#views[0];
    return { view, query: new URLSearchParams(query) };
  }

  go(view, query = {}) {
    window.location.hash = Router.link(view, query);
  }

  /** Replaces the URL without a history entry and without a change event. */
  replace(view, query = {}) {
    history.replaceState(null, "", Router.link(view, query));
  }

  static link(view, query = {}) {
    const text = new URLSearchParams(query).toString();
    return `#/${view}${text ? `?${text}` : ""}`;
  }
}

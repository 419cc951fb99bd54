/** Where the page is: `#/view?name=value`, so that a reload stays and links work. */
export class Router extends EventTarget {
  #views;

  constructor(views) {
    super();
    this.#views = views;
    addEventListener("hashchange", () => this.dispatchEvent(new Event("change")));
  }

  get place() {
    const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
    const view = this.#views.includes(path) ? path : this.#views[0];
    return { view, query: new URLSearchParams(query) };
  }

  go(view, query = {}) {
    location.hash = Router.link(view, query);
  }

  /** Names the present place anew, without a step in the history and without a change event. */
  restate(view, query = {}) {
    history.replaceState(null, "", Router.link(view, query));
  }

  static link(view, query = {}) {
    const text = new URLSearchParams(query).toString();
    return `#/${view}${text ? `?${text}` : ""}`;
  }
}

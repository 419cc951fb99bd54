import { element } from "./element.js";
import { titleOf } from "./format.js";

const PAUSE = 250; // milliseconds after the last key

/** Which videos the library shows: words of the title, favourites, one template. */
export class LibraryFilters {
  #parts;
  #q = "";
  #favourite = false;
  #slug = "";
  #timer;

  /** @param {{onType: (query) => void, onChoose: (query) => void}} options get the URL's new query */
  constructor(parts, { onType, onChoose }) {
    const { q, favourites, filter } = (this.#parts = parts);
    const queryWith = (change) => this.#queryWith({ q: q.value.trim(), ...change });
    const choose = (change) => {
      this.settle(); // what was typed goes along
      onChoose(queryWith(change));
    };
    q.addEventListener("input", () => {
      this.settle();
      this.#timer = setTimeout(() => q.value.trim() !== this.#q && onType(queryWith({})), PAUSE);
    });
    favourites.addEventListener("click", () => choose({ favourite: !this.#favourite }));
    filter.addEventListener("change", () => choose({ slug: filter.value }));
    this.showTemplates([]);
  }

  /** Searches no more for what was just typed: it would replace an address that is newer. */
  settle() {
    clearTimeout(this.#timer);
  }

  /** Templates arrive after the page is shown. */
  showTemplates(templates) {
    const options = [{ slug: "", title: "All templates" }, ...templates];
    this.#parts.filter.replaceChildren(
      ...options.map(({ slug, title }) => element("option", { value: slug }, title)),
    );
    this.#parts.filter.value = this.#slug;
  }

  /** Takes the filters from the URL; returns whether they are others. */
  read(url) {
    const before = JSON.stringify(this.query);
    this.#q = url.get("q") ?? "";
    this.#favourite = url.has("favourite");
    this.#slug = url.get("template") ?? "";
    const { q, favourites, filter } = this.#parts;
    if (q.value.trim() !== this.#q) q.value = this.#q;
    favourites.ariaPressed = this.#favourite;
    filter.value = this.#slug;
    return JSON.stringify(this.query) !== before;
  }

  /** For the URL. */
  get query() {
    return this.#queryWith({});
  }

  /** For the service. */
  get wanted() {
    return {
      q: this.#q || undefined,
      favourite: this.#favourite || undefined,
      templateSlug: this.#slug || undefined,
    };
  }

  get isAny() {
    return Object.keys(this.query).length > 0;
  }

  matches({ title, favourite, templateSlug }) {
    const hasWords = title.toLowerCase().includes(this.#q.toLowerCase());
    return hasWords && (!this.#favourite || favourite) && (!this.#slug || this.#slug === templateSlug);
  }

  /** Says why nothing is shown. */
  describe(catalogue) {
    const kind = this.#favourite ? "favourite" : "video";
    const what = this.#slug ? `${kind} of ${titleOf(this.#slug, catalogue)}` : kind;
    return this.#q ? `No ${what} has “${this.#q}” in its title.` : `You have no ${what} yet.`;
  }

  #queryWith({ q = this.#q, favourite = this.#favourite, slug = this.#slug }) {
    return { ...(q && { q }), ...(favourite && { favourite: "true" }), ...(slug && { template: slug }) };
  }
}

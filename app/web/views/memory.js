/** What a browser keeps for the page, where it keeps anything at all. */
class Memory {
  #area;

  constructor(area) {
    this.#area = area;
  }

  get(key) {
    try {
      return this.#area().getItem(key);
    } catch {
      return null;
    }
  }

  set(key, value) {
    try {
      if (value === null) this.#area().removeItem(key);
      else this.#area().setItem(key, value);
    } catch {
      // Private mode, or full: the page works as well without.
    }
  }
}

/** Stays until the browser forgets it. */
export const lasting = new Memory(() => localStorage);
/** Ends with the tab. */
export const passing = new Memory(() => sessionStorage);

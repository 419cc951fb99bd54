/** What a browser keeps for the page; what it will not take lives as long as the page. */
class Memory {
  #area;
  #untaken = new Map();

  constructor(area) {
    this.#area = area;
  }

  get(key) {
    if (this.#untaken.has(key)) return this.#untaken.get(key);
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
      this.#untaken.delete(key);
    } catch {
      this.#untaken.set(key, value); // private mode, or full
    }
  }
}

/** Stays until the browser forgets it. */
export const lasting = new Memory(() => localStorage);
/** Ends with the tab. */
export const passing = new Memory(() => sessionStorage);

import { OWN } from "../addresses.js";

/**
 * Browser storage that falls back to memory if the browser refuses to store a value; the value before
 * is forgotten, so that it does not come back with the next page.
 */
class BrowserStorage {
  #area;
  #unsaved = new Map();

  constructor(area) {
    this.#area = area;
  }

  get(key) {
    if (this.#unsaved.has(key)) return this.#unsaved.get(key);
    try {
      return this.#area().getItem(OWN + key);
    } catch {
      return null;
    }
  }

  set(key, value) {
    try {
      if (value === null) this.#area().removeItem(OWN + key);
      else this.#area().setItem(OWN + key, value);
      this.#unsaved.delete(key);
    } catch {
      this.#unsaved.set(key, value); // private mode, or storage is full
      this.#forget(key);
    }
  }

  /** False if the value is in this page's memory only. */
  keeps(key) {
    return !this.#unsaved.has(key);
  }

  /** Forgets a value that is in this page's memory only. */
  dropUnsaved(key) {
    this.#unsaved.delete(key);
  }

  clear() {
    this.#unsaved.clear();
    try {
      const area = this.#area();
      for (const name of Object.keys(area)) if (name.startsWith(OWN)) area.removeItem(name);
    } catch {
      // There is nothing stored.
    }
  }

  #forget(key) {
    try {
      this.#area().removeItem(OWN + key);
    } catch {
      // There is nothing stored.
    }
  }
}

/** Kept after the browser is closed. */
export const localStore = new BrowserStorage(() => localStorage);
/** Kept until the tab is closed. */
export const sessionStore = new BrowserStorage(() => sessionStorage);

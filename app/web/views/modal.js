import { partsOf } from "./parts.js";

/**
 * A dialog over the page. The browser's own `<dialog>` keeps the focus inside, closes at Escape
 * and gives the focus back; a press beside the sheet closes too. Emits `close`.
 */
export class Modal extends EventTarget {
  #dialog;
  #opener = null;

  constructor(id) {
    super();
    this.#dialog = document.getElementById(id);
    this.parts = partsOf(this.#dialog);
    this.#dialog.addEventListener("close", () => this.#closed());
    let pressed = null;
    this.#dialog.addEventListener("pointerdown", ({ target }) => {
      pressed = target;
    });
    this.#dialog.addEventListener("click", ({ target, detail }) => {
      const isBeside = target === this.#dialog && pressed === target && detail < 2;
      if (isBeside || target.closest("[data-close]")) this.close();
    });
  }

  /** @param {HTMLElement} first takes the focus: never what destroys something */
  open(first) {
    if (!this.#dialog.open) {
      this.#opener = document.activeElement;
      this.#dialog.showModal();
    }
    first.focus();
  }

  close() {
    if (this.#dialog.open) this.#dialog.close();
  }

  #closed() {
    this.dispatchEvent(new Event("close"));
    // The browser cannot give the focus back to what is gone by now.
    if (!this.#opener.isConnected) document.getElementById("main").focus();
  }
}

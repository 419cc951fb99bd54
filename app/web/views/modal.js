import { partsOf } from "./parts.js";

/**
 * A modal dialog. The browser's `<dialog>` traps the focus, closes on Escape and restores the focus;
 * a click outside the sheet closes it too. Emits `close`.
 */
export class Modal extends EventTarget {
  #dialog;
  #opener = null;

  constructor(id) {
    super();
    this.#dialog = document.getElementById(id);
    this.parts = partsOf(this.#dialog);
    // This event comes late, perhaps when the dialog is open for something else.
    this.#dialog.addEventListener("close", () => this.isOpen || this.#closed());
    let pressed = null;
    this.#dialog.addEventListener("pointerdown", ({ target }) => {
      pressed = target;
    });
    this.#dialog.addEventListener("click", ({ target, detail }) => {
      const isOutside = target === this.#dialog && pressed === target && detail < 2;
      if (isOutside || target.closest("[data-close]")) this.close();
    });
  }

  get isOpen() {
    return this.#dialog.open;
  }

  /** @param {HTMLElement} first gets the focus; never a destructive button */
  open(first) {
    if (!this.isOpen) {
      this.#opener = document.activeElement;
      this.#dialog.showModal();
    }
    first.focus();
  }

  close() {
    if (!this.isOpen) return;
    this.#dialog.close();
    this.#closed();
  }

  #closed() {
    const opener = this.#opener;
    if (opener === null) return;
    this.#opener = null;
    this.dispatchEvent(new Event("close"));
    // The browser cannot restore the focus to an element that was removed.
    if (!opener.isConnected) document.getElementById("main").focus();
  }
}

import { clock } from "./format.js";
import { disable, isDisabled, cloneTemplate } from "./parts.js";

const MOST = 3;

/** Error messages with an action. Only errors are shown here. */
export class Toasts {
  #region = document.getElementById("toasts");
  #home = this.#region.parentElement;
  #byKind = new Map();
  /** What is shown once the cause of a toast is over, by kind. */
  #afterwards = new Map();

  /**
   * A toast stays until one of the same kind replaces it, until what it asks for, its `action`, has
   * been done, or until its `cause` is over: then it goes, or `afterwards` takes its place. Its button
   * is enabled after `wait` seconds. A toast `of` a view goes with it.
   */
  show({ kind, title, text, label, action, run, wait, isQuiet = false, cause, of: view = "", afterwards }) {
    this.dismiss(kind);
    this.#moveToTopDialog();
    const toast = cloneTemplate("toast");
    toast.root.classList.toggle("is-quiet", isQuiet);
    toast.title.textContent = title;
    toast.text.textContent = text;
    toast.dismiss.addEventListener("click", () => this.dismiss(kind));
    toast.action.addEventListener("click", () => {
      if (isDisabled(toast.action)) return;
      this.dismiss(kind);
      run();
    });
    countDown(toast.action, label, wait);
    Object.assign(toast.root.dataset, { action, cause, of: view });
    this.#byKind.set(kind, toast.root);
    if (afterwards) this.#afterwards.set(kind, afterwards);
    if (this.#byKind.size > MOST) this.dismiss(this.#byKind.keys().next().value);
    // In the next frame: screen readers ignore a live region that moves and changes at once.
    requestAnimationFrame(() => this.#byKind.get(kind) === toast.root && this.#region.append(toast.root));
  }

  /** Removes all toasts, because the user starts something new. */
  clear() {
    for (const kind of [...this.#byKind.keys()]) this.dismiss(kind);
  }

  /** Removes the toasts that ask for an action, because it has been done elsewhere. */
  resolve(action) {
    for (const kind of this.#with("action", action)) this.dismiss(kind);
  }

  /** Removes the toasts about a view that is being left. */
  leave(view) {
    for (const kind of this.#with("of", view)) this.dismiss(kind);
  }

  /** Takes back what was said about a cause that is over. */
  overcome(cause) {
    for (const kind of this.#with("cause", cause)) {
      const next = this.#afterwards.get(kind);
      this.dismiss(kind);
      if (next) this.show({ ...next, kind });
    }
  }

  tellOf(cause) {
    return this.#with("cause", cause).length > 0;
  }

  dismiss(kind) {
    this.#byKind.get(kind)?.remove();
    this.#byKind.delete(kind);
    this.#afterwards.delete(kind);
  }

  #with(name, value) {
    const found = [...this.#byKind].filter(([, { dataset }]) => dataset[name] === value);
    return found.map(([kind]) => kind);
  }

  /** Moves the toasts into the topmost dialog: everything outside it is inert. */
  #moveToTopDialog() {
    const top = [...document.querySelectorAll("dialog[open]")].at(-1);
    if (!top || this.#region.parentElement === top) return;
    top.append(this.#region);
    top.addEventListener("close", () => this.#home.prepend(this.#region), { once: true });
  }
}

function countDown(button, label, seconds) {
  const end = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    disable(button, left > 0);
    button.textContent = left > 0 ? `${label} in ${clock(left)}` : label;
    if (left <= 0) clearInterval(timer);
  };
  const timer = setInterval(tick, 250);
  tick();
}

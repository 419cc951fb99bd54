import { disable, isDisabled, stamp } from "./parts.js";
import { clock } from "./wording.js";

const MOST = 3;

/** What went wrong and what to do; nothing else is ever shown here. */
export class Toasts {
  #region = document.getElementById("toasts");
  #byKind = new Map();

  /** A toast stays until one of its kind replaces it; its action makes sense after `wait` seconds. */
  show({ kind, title, text, label, run, wait }) {
    this.dismiss(kind);
    this.#reach();
    const toast = stamp("toast");
    toast.title.textContent = title;
    toast.text.textContent = text;
    toast.dismiss.addEventListener("click", () => this.dismiss(kind));
    toast.action.addEventListener("click", () => {
      if (isDisabled(toast.action)) return;
      this.dismiss(kind);
      run();
    });
    countDown(toast.action, label, wait);
    this.#byKind.set(kind, toast.root);
    if (this.#byKind.size > MOST) this.dismiss(this.#byKind.keys().next().value);
    // In the next frame: a region that moves and speaks at once is not heard.
    requestAnimationFrame(() => this.#byKind.get(kind) === toast.root && this.#region.append(toast.root));
  }

  /** What went wrong before is no news once something new is tried. */
  clear() {
    for (const kind of [...this.#byKind.keys()]) this.dismiss(kind);
  }

  dismiss(kind) {
    this.#byKind.get(kind)?.remove();
    this.#byKind.delete(kind);
  }

  /** All but the topmost dialog is inert: the region goes where it can be heard and used. */
  #reach() {
    const top = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
    if (this.#region.parentElement === top) return;
    top.append(this.#region);
    top.addEventListener("close", () => document.body.append(this.#region), { once: true });
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

import { nameOf } from "./format.js";
import { partsOf } from "./parts.js";

/** Says what was deleted and offers to undo it; the time stands still while it is pointed at. */
export class UndoBar {
  #deletions;
  #parts = partsOf(document.getElementById("undo"));

  constructor(deletions) {
    const { root, undo } = this.#parts;
    this.#deletions = deletions;
    deletions.addEventListener("change", () => this.#show());
    undo.addEventListener("click", () => deletions.undo());
    root.addEventListener("pointerenter", () => deletions.hold(true));
    root.addEventListener("pointerleave", () => deletions.hold(false));
    root.addEventListener("focusin", () => deletions.hold(undo.matches(":focus-visible")));
    root.addEventListener("focusout", () => deletions.hold(false));
    document.addEventListener("keydown", (event) => this.#onKey(event));
  }

  #show() {
    const { bar, said, undo } = this.#parts;
    const videos = this.#deletions.undoable;
    if (videos.length === 0 && document.activeElement === undo) document.getElementById("main").focus();
    bar.hidden = videos.length === 0;
    if (videos.length > 0) said.textContent = `${nameOf(videos)} deleted`;
  }

  #onKey(event) {
    const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key === "z";
    const isFree = document.documentElement.dataset.view !== "studio"; // whose canvas has an undo
    if (!isUndo || !isFree || this.#parts.bar.hidden || event.target.matches("input, textarea")) return;
    event.preventDefault();
    this.#deletions.undo();
  }
}

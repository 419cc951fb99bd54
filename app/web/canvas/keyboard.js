import { isForEditor } from "./picture-input.js";
import { panned } from "./picture.js";
import { BACKGROUND, FRAMES, scaled } from "./scene.js";

export const HELP =
  "Tab steps through the objects. Arrows move, with Shift by ten. Plus and minus resize, " +
  "R rotates, Enter edits a text, S goes to its style, brackets change the order, " +
  "Control D duplicates, Delete removes.";
const ARROWS = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};
const GROWTH = { "+": 1.05, "=": 1.05, "-": 1 / 1.05 };

/** Undo and redo by keyboard, except while a text field has the focus. */
export function listenForUndo(host, editor) {
  document.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if (!isForEditor(event, host) || !(event.ctrlKey || event.metaKey) || !"zy".includes(key)) return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) editor.redo();
    else editor.undo();
  });
}

/** Keyboard control of the focused stage: everything that a pointer can do. */
export class Keyboard {
  #editor;
  #pointer;

  constructor(editor, { node }, pointer) {
    this.#editor = editor;
    this.#pointer = pointer;
    node.addEventListener("keydown", (event) => {
      if (event.target === node && this.#press(event)) event.preventDefault();
    });
    node.addEventListener("keyup", ({ target }) => target === node && editor.endStep());
  }

  /** Returns whether the key was handled. */
  #press({ key, shiftKey, altKey, ctrlKey, metaKey }) {
    const { subject } = this.#editor;
    if (key === "Tab") return this.#step(shiftKey ? -1 : 1);
    if (key === "Escape") return this.#escape();
    if (altKey || !subject) return false;
    const name = ctrlKey || metaKey ? `Control ${key}` : key;
    if (ARROWS[name]) return this.#nudge(subject, ARROWS[name], shiftKey ? 10 : 1);
    if (GROWTH[name]) return this.#grow(subject, GROWTH[name]);
    const act = this.#acts(subject)[name];
    act?.();
    return Boolean(act);
  }

  #acts({ kind, angle, bitmap }) {
    const editor = this.#editor;
    const remove = () => editor.remove();
    return {
      s: () => editor.focusStyle(),
      ...((kind || bitmap) && { Delete: remove, Backspace: remove }),
      ...(kind && {
        Enter: () => editor.editText(),
        r: () => editor.change({ angle: angle + 15 }, "turn"),
        R: () => editor.change({ angle: angle - 15 }, "turn"),
        "]": () => editor.raise(1),
        "[": () => editor.raise(-1),
        "Control d": () => editor.duplicate(),
      }),
    };
  }

  /** Selects the picture, then the objects from back to front; after the last, Tab leaves. */
  #step(by) {
    const { scene, selection } = this.#editor;
    const stops = [BACKGROUND, ...scene.objects.map(({ id }) => id)];
    const at = selection === null && by < 0 ? stops.length : stops.indexOf(selection);
    const next = stops[at + by];
    if (next !== undefined) this.#editor.select(next);
    return next !== undefined;
  }

  #escape() {
    if (!this.#pointer.cancel()) this.#editor.select(null);
    return true;
  }

  #nudge(subject, { x, y }, by) {
    const frame = FRAMES[this.#editor.aspect];
    const step = { x: x * by, y: y * by };
    if (subject.bitmap) this.#editor.change(panned(subject, frame, step), "nudge");
    if (subject.kind) this.#editor.change({ x: subject.x + step.x, y: subject.y + step.y }, "nudge");
    return true;
  }

  #grow(subject, factor) {
    if (subject.bitmap) this.#editor.change({ zoom: subject.zoom * factor }, "grow");
    if (subject.kind) this.#editor.change(scaled(subject, factor), "grow");
    return true;
  }
}

import { isForEditor } from "./picture-input.js";
import { panned } from "./picture-placement.js";
import { scaled } from "./scene.js";
import { boxOf, carried } from "./selection.js";

export const HELP =
  "Tab steps through the objects, Control A selects all, and the Layers button any of them. " +
  "Arrows move, with Shift by ten. Plus and minus resize, R rotates, Enter edits a text or crops a " +
  "picture, S goes to the style, brackets change the order. Control C, X, V and D copy, cut, paste " +
  "and duplicate, Delete removes. Z and Shift Z zoom the view, 0 shows all of the canvas; with " +
  "nothing selected, the arrows move the view.";
const ARROWS = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};
const GROWTH = { "+": 1.05, "=": 1.05, "-": 1 / 1.05 };
const ZOOM = 1.25;
const VIEW_STEP = 6; // pixels of the page for each step of an arrow

/** Undo, redo and "select all" by keyboard, except while a text field has the focus. */
export function listenForShortcuts(host, editor) {
  const acts = {
    z: ({ shiftKey }) => (shiftKey ? editor.redo() : editor.undo()),
    y: () => editor.redo(),
    a: () => editor.select(editor.scene.objects.map(({ id }) => id)),
  };
  document.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if (!isForEditor(event, host) || !(event.ctrlKey || event.metaKey) || !acts[key]) return;
    if (key === "a" && !host.contains(event.target)) return; // the text of the page
    event.preventDefault();
    acts[key](event);
  });
}

/** Keyboard control of the focused stage: everything that a pointer can do. */
export class Keyboard {
  #editor;
  #stage;
  #pointer;

  constructor(editor, stage, pointer) {
    this.#editor = editor;
    this.#stage = stage;
    this.#pointer = pointer;
    const { node } = stage;
    node.addEventListener("keydown", (event) => {
      if (event.target === node && this.#press(event)) event.preventDefault();
    });
    node.addEventListener("keyup", ({ target, key }) => {
      if (key === " ") pointer.holdsSpace = false;
      if (target === node) editor.endStep();
    });
    node.addEventListener("blur", () => {
      pointer.holdsSpace = false;
    });
  }

  /** Returns whether the key was handled. */
  #press({ key, shiftKey, altKey, ctrlKey, metaKey }) {
    if (key === "Tab") return this.#step(shiftKey ? -1 : 1);
    if (key === "Escape") return this.#escape();
    if (altKey) return false;
    const name = ctrlKey || metaKey ? `Control ${key}` : key;
    const { selected } = this.#editor;
    if (ARROWS[name]) return this.#nudge(selected, ARROWS[name], shiftKey ? 10 : 1);
    if (GROWTH[name] && selected.length) return this.#grow(selected, GROWTH[name]);
    const act = { ...this.#general(), ...(selected.length && this.#acts(selected)) }[name];
    act?.();
    return Boolean(act);
  }

  #general() {
    return {
      s: () => this.#editor.focusStyle(),
      z: () => this.#stage.zoomBy(ZOOM),
      Z: () => this.#stage.zoomBy(1 / ZOOM),
      0: () => this.#stage.showAll(),
      " ": () => {
        this.#pointer.holdsSpace = true;
      },
    };
  }

  #acts(selected) {
    const editor = this.#editor;
    const remove = () => editor.remove();
    const turn = (by) => () => editor.change(({ angle }) => ({ angle: angle + by }), "turn");
    return {
      Delete: remove,
      Backspace: remove,
      Enter: () => (editor.isCropping ? editor.endCrop() : editor.openSelected()),
      ...(selected.length === 1 && { r: turn(15), R: turn(-15) }),
      "]": () => editor.raise(1),
      "[": () => editor.raise(-1),
      "}": () => editor.raise(Infinity),
      "{": () => editor.raise(-Infinity),
      "Control d": () => editor.clipboard.duplicate(),
    };
  }

  /** Selects the objects one by one, from back to front; after the last, Tab leaves. */
  #step(by) {
    const { scene, selection } = this.#editor;
    const stops = scene.objects.map(({ id }) => id);
    const at = selection.length === 0 && by < 0 ? stops.length : stops.indexOf(selection.at(-1));
    const next = stops[at + by];
    if (next !== undefined) this.#editor.select([next]);
    return next !== undefined;
  }

  #escape() {
    const ended = this.#pointer.cancel() || this.#editor.endCrop();
    if (!ended) this.#editor.select([]);
    return true;
  }

  #nudge(selected, { x, y }, by) {
    const step = { x: x * by, y: y * by };
    const editor = this.#editor;
    if (selected.length === 0) this.#stage.panBy({ x: -step.x * VIEW_STEP, y: -step.y * VIEW_STEP });
    else if (editor.isCropping) editor.change((picture) => panned(picture, step), "nudge");
    else editor.change((object) => ({ x: object.x + step.x, y: object.y + step.y }), "nudge");
    return true;
  }

  #grow(selected, factor) {
    const box = boxOf(selected);
    this.#editor.change(carried(box, { ...box, ...scaled(box, factor) }), "grow");
    return true;
  }
}

import { pinchSelection } from "./drags.js";
import { boxOf } from "./selection.js";
import { hits } from "./shapes.js";

const WHEEL_ZOOM = 0.0022; // share of the zoom per unit of the wheel

/**
 * Gestures that change the view. Two fingers zoom and move it; on the selection they scale and move
 * that. The wheel zooms with Ctrl, as a pinch on a trackpad does, and moves a view that is zoomed.
 */
export class ViewGestures {
  #editor;
  #stage;
  #pointer;
  #fingers = new Map();
  #pinch = null;

  constructor(editor, stage, pointer) {
    this.#editor = editor;
    this.#stage = stage;
    this.#pointer = pointer;
    const { node } = stage;
    node.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    node.addEventListener("pointerdown", (event) => this.#put(event), true);
    node.addEventListener("pointermove", (event) => this.#move(event), true);
    for (const type of ["pointerup", "pointercancel"]) {
      node.addEventListener(type, (event) => this.#lift(event), true);
    }
  }

  #wheel(event) {
    const { ctrlKey, metaKey, deltaX, deltaY, shiftKey } = event;
    const zooms = ctrlKey || metaKey;
    if (!zooms && this.#stage.view.isWhole) return;
    event.preventDefault();
    if (zooms) this.#stage.zoomBy(Math.exp(-deltaY * WHEEL_ZOOM), this.#stage.pointOf(event));
    else this.#stage.panBy(shiftKey ? { x: -deltaY, y: 0 } : { x: -deltaX, y: -deltaY });
  }

  #put(event) {
    if (event.pointerType !== "touch") return;
    this.#fingers.set(event.pointerId, this.#stage.pointOf(event));
    if (this.#fingers.size !== 2) return;
    event.stopPropagation();
    this.#pointer.cancel();
    this.#pinch = this.#start();
  }

  #move(event) {
    if (!this.#fingers.has(event.pointerId)) return;
    this.#fingers.set(event.pointerId, this.#stage.pointOf(event));
    if (!this.#pinch) return;
    event.stopPropagation();
    this.#pinch(this.#span());
  }

  #lift(event) {
    if (!this.#fingers.delete(event.pointerId) || !this.#pinch) return;
    event.stopPropagation();
    this.#pinch = null;
    this.#editor.endStep();
  }

  #start() {
    const { view } = this.#stage;
    const start = this.#span();
    const from = view.toFrame(start.middle);
    const box = boxOf(this.#editor.selected);
    if (box && isOn(this.#editor.selected, from, view.scale)) {
      const scale = pinchSelection(this.#editor);
      return ({ middle, length }) => scale(length / start.length, from, view.toFrame(middle));
    }
    let last = start;
    return (span) => {
      const by = { x: span.middle.x - last.middle.x, y: span.middle.y - last.middle.y };
      this.#stage.panBy(by);
      this.#stage.zoomBy(span.length / last.length, span.middle);
      last = span;
    };
  }

  /** The middle of the two fingers and the distance between them. */
  #span() {
    const [a, b] = [...this.#fingers.values()];
    return {
      middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 },
      length: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)),
    };
  }
}

const isOn = (objects, point, scale) => objects.some((object) => hits(object, point, scale, "touch"));

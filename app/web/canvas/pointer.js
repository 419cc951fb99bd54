import { dragHandle, dragInsideCrop, dragMarquee, dragSelection } from "./drags.js";
import { handleAt } from "./handles.js";
import { frameOf } from "./scene.js";
import { boxOf } from "./selection.js";
import { hits } from "./shapes.js";

const DRAG_THRESHOLD = 4; // CSS pixels a pointer moves before a press becomes a drag
const BACKDROP_SHARE = 0.5; // a finger scrolls over an object that fills more of the frame

/** Mouse, pen and one finger on the stage: select, move, resize, rotate, crop, move the view. */
export class Pointer {
  #editor;
  #stage;
  #drag = null;
  holdsSpace = false;

  constructor(editor, stage) {
    this.#editor = editor;
    this.#stage = stage;
    const { node } = stage;
    node.addEventListener("pointerdown", (event) => this.#press(event));
    node.addEventListener("pointermove", (event) => this.#move(event));
    node.addEventListener("pointerup", (event) => this.#release(event));
    node.addEventListener("pointercancel", () => this.cancel());
    node.addEventListener("dblclick", ({ target }) => target.matches("textarea") || editor.openSelected());
    node.addEventListener("touchstart", (event) => this.#touch(event), { passive: false });
  }

  /** Cancels the drag; true if there was one. */
  cancel() {
    const drag = this.#drag;
    if (drag?.moved) this.#editor.cancelStep();
    this.#finish();
    return drag !== null;
  }

  #press(event) {
    const { button, pointerType, pointerId, clientX, clientY, target, shiftKey } = event;
    if (button > 1 || this.#drag || target.matches("textarea")) return;
    const point = this.#stage.locate(event);
    const drag = { pointerId, clientX, clientY, moved: false };
    const movesView = button === 1 || this.holdsSpace;
    const hit = movesView ? { update: this.#dragView() } : this.#hit(point, pointerType, shiftKey);
    this.#drag = { ...drag, ...hit };
    if (hit.scrolls) return;
    if (movesView) event.preventDefault();
    this.#stage.node.setPointerCapture(pointerId);
    this.#stage.node.focus({ preventScroll: true, focusVisible: false });
  }

  #move(event) {
    const drag = this.#drag;
    if (!drag) this.#hover(event);
    if (!drag?.update || drag.pointerId !== event.pointerId) return;
    drag.moved ||= Math.hypot(event.clientX - drag.clientX, event.clientY - drag.clientY) > DRAG_THRESHOLD;
    if (drag.moved) drag.update(this.#stage.locate(event), event);
  }

  #release({ pointerId }) {
    const drag = this.#drag;
    if (drag?.pointerId !== pointerId) return;
    this.#finish();
    if (drag.moved) this.#editor.endStep();
    else drag.click?.();
  }

  #finish() {
    this.#drag = null;
    this.#editor.guide([]);
  }

  /** A touch scrolls the page unless it starts a drag. */
  #touch(event) {
    if (event.target.matches("textarea")) return;
    const point = this.#stage.locate(event.touches[0]);
    const starts = event.touches.length > 1 || !this.#scrolls(this.#at(point, "touch"), point, "touch");
    if (starts) event.preventDefault();
  }

  /** What a press starts, as `{update, click, scrolls}`; it selects what it hits. */
  #hit(point, pointerType, shiftKey) {
    const editor = this.#editor;
    const handle = this.#handleAt(point, pointerType);
    if (handle) return { update: dragHandle(editor, handle) };
    const object = this.#at(point, pointerType);
    if (editor.isCropping && editor.selected[0] !== object) editor.endCrop();
    if (editor.isCropping) return { update: dragInsideCrop(editor, point) };
    if (this.#scrolls(object, point, pointerType)) {
      return { scrolls: true, click: () => editor.select(object ? [object.id] : []) };
    }
    if (!object) return this.#pressBackdrop(point, pointerType, shiftKey);
    return this.#pressObject(object, point, shiftKey);
  }

  #pressObject({ id }, point, shiftKey) {
    const editor = this.#editor;
    const before = editor.selection;
    if (shiftKey) {
      const without = before.filter((each) => each !== id);
      editor.select(before.includes(id) ? without : [...before, id]);
      if (before.includes(id)) return {};
    } else if (!before.includes(id)) {
      editor.select([id]);
    }
    const again = before.length === 1 && before[0] === id;
    const click = () => (again ? editor.editText() : !shiftKey && editor.select([id]));
    return { update: dragSelection(editor, this.#stage.view, point), click };
  }

  #pressBackdrop(point, pointerType, shiftKey) {
    const editor = this.#editor;
    if (!shiftKey) editor.select([]);
    if (pointerType === "touch") return { update: this.#dragView() };
    return { update: dragMarquee(editor, point, shiftKey) };
  }

  #dragView() {
    let from = null;
    return (_point, { clientX: x, clientY: y }) => {
      if (from) this.#stage.panBy({ x: x - from.x, y: y - from.y });
      from = { x, y };
    };
  }

  /** A finger scrolls the page over the backdrop, and over what fills most of it and is not selected. */
  #scrolls(object, point, pointerType) {
    if (pointerType !== "touch" || this.#handleAt(point, pointerType)) return false;
    if (!object) return this.#stage.view.isWhole;
    const { scene, selection } = this.#editor;
    const frame = frameOf(scene);
    const share = (object.width * object.height) / (frame.width * frame.height);
    return share > BACKDROP_SHARE && !selection.includes(object.id);
  }

  #hover(event) {
    const point = this.#stage.locate(event);
    const handle = this.#handleAt(point, event.pointerType);
    const over = this.#at(point, event.pointerType) ? "move" : "";
    const cursor = handle ? (handle.rotates ? "grab" : "crosshair") : over;
    this.#stage.node.style.cursor = this.holdsSpace ? "grab" : cursor;
  }

  #handleAt(point, pointerType) {
    const box = boxOf(this.#editor.selected);
    return box && handleAt(box, point, this.#stage.view, pointerType);
  }

  /** The frontmost object at a point. */
  #at(point, pointerType) {
    const { scene } = this.#editor;
    return scene.objects.findLast((each) => hits(each, point, this.#stage.view.scale, pointerType));
  }
}

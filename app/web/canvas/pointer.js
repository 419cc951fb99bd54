import { snap } from "./geometry.js";
import { handleAt, resized, rotated } from "./handles.js";
import { panned } from "./picture.js";
import { BACKGROUND, FRAMES, change } from "./scene.js";
import { hits } from "./shapes.js";

const DRAG_THRESHOLD = 4; // CSS pixels a pointer moves before a press becomes a drag

/** Mouse, pen and touch on the stage: select, move, resize, rotate, pan the picture. */
export class Pointer {
  #editor;
  #stage;
  #drag = null;

  constructor(editor, stage) {
    this.#editor = editor;
    this.#stage = stage;
    const { node } = stage;
    node.addEventListener("pointerdown", (event) => this.#press(event));
    node.addEventListener("pointermove", (event) => this.#move(event));
    node.addEventListener("pointerup", (event) => this.#release(event));
    node.addEventListener("pointercancel", () => this.cancel());
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
    const { button, pointerType, pointerId, clientX, clientY, target } = event;
    if (button || this.#drag || target.matches("textarea")) return;
    const from = this.#stage.locate(event);
    const id = this.#at(from, pointerType);
    const again = id === this.#editor.selection;
    const scrolls = this.#scrolls(id, pointerType);
    const update = scrolls ? null : this.#startDrag(from, id, pointerType);
    this.#drag = { id, again, update, pointerId, clientX, clientY, moved: false };
    if (scrolls) return;
    this.#editor.select(id);
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

  /** A second click or tap on a text opens it. */
  #release({ pointerId }) {
    const drag = this.#drag;
    if (drag?.pointerId !== pointerId) return;
    this.#finish();
    if (drag.moved) this.#editor.endStep();
    else if (drag.again) this.#editor.editText();
    else this.#editor.select(drag.id);
  }

  #finish() {
    this.#drag = null;
    this.#editor.guide([]);
  }

  /** A touch scrolls the page unless it is on an object or handle. */
  #touch(event) {
    const id = this.#at(this.#stage.locate(event.touches[0]), "touch");
    if (!this.#scrolls(id, "touch") && !event.target.matches("textarea")) event.preventDefault();
  }

  #scrolls(id, pointerType) {
    return pointerType === "touch" && id === BACKGROUND && this.#editor.selection !== BACKGROUND;
  }

  #hover(event) {
    const point = this.#stage.locate(event);
    const handle = this.#handleAt(point, event.pointerType);
    const over = this.#at(point, event.pointerType) === BACKGROUND ? "" : "move";
    this.#stage.node.style.cursor = handle ? (handle.rotates ? "grab" : "crosshair") : over;
  }

  #handleAt(point, pointerType) {
    const { selected } = this.#editor;
    return selected && handleAt(selected, point, this.#stage.scale, pointerType);
  }

  /** The id at a point: handles first, then objects from front to back. */
  #at(point, pointerType) {
    const { scene, selection } = this.#editor;
    if (this.#handleAt(point, pointerType)) return selection;
    return scene.objects.findLast((each) => hits(each, point, this.#stage.scale))?.id ?? BACKGROUND;
  }

  /** Returns a function that applies each further point of the drag. */
  #startDrag(from, id, pointerType) {
    const { scene } = this.#editor;
    const object = scene.objects.find((each) => each.id === id);
    const handle = this.#handleAt(from, pointerType);
    const put = (patch) => this.#editor.apply(change(scene, id, patch), "drag");
    if (!object) return this.#panPicture(scene, from, put);
    if (!handle) return this.#moveObject(scene, object, from, put);
    if (handle.rotates) return (point, { shiftKey }) => put(rotated(object, point, shiftKey));
    return (point, { shiftKey }) => put(resized(object, handle, point, shiftKey));
  }

  #moveObject(scene, object, from, put) {
    const others = scene.objects.filter((each) => each !== object);
    return (point, { altKey }) => {
      const unsnapped = { x: object.x + point.x - from.x, y: object.y + point.y - from.y };
      if (altKey) return put(unsnapped);
      const moved = { ...object, ...unsnapped };
      const { place, guides } = snap(moved, others, FRAMES[scene.aspect], this.#stage.scale);
      this.#editor.guide(guides);
      return put(place);
    };
  }

  #panPicture({ picture, aspect }, from, put) {
    if (!picture) return null;
    return ({ x, y }) => put(panned(picture, FRAMES[aspect], { x: x - from.x, y: y - from.y }));
  }
}

import { element } from "../views/element.js";
import { fromLocal } from "./geometry.js";
import { handlesOf } from "./handles.js";
import { FRAMES } from "./scene.js";
import { drawScene } from "./shapes.js";

const MARGIN = 36; // CSS pixels around the frame where handles stay visible

/** The canvas on the page: the scene, and over it the selection and the guides. */
export class Stage {
  #scenery = element("canvas", { class: "canvas-scenery" });
  #overlay = element("canvas", { class: "canvas-overlay" });
  #shown = null;
  #due = 0;
  node = element(
    "div",
    { class: "canvas-frame", tabindex: 0, role: "application", "aria-roledescription": "canvas" },
    this.#scenery,
    this.#overlay,
  );

  /** `onresize` is called when the size of the canvas on the page changes. */
  constructor(onresize) {
    new ResizeObserver(onresize).observe(this.node);
  }

  /** CSS pixels per frame pixel. */
  get scale() {
    return this.node.clientWidth / FRAMES[this.#shown.scene.aspect].width;
  }

  /** Shows `{scene, object, guides}` in the next animation frame. */
  show(shown) {
    this.#shown = shown;
    const { width, height } = FRAMES[shown.scene.aspect];
    this.node.style.setProperty("--canvas-ratio", width / height);
    this.#due ||= requestAnimationFrame(() => this.#draw());
  }

  /** The position of a pointer or touch, in pixels of the frame. */
  locate({ clientX, clientY }) {
    const { left, top } = this.node.getBoundingClientRect();
    return { x: (clientX - left) / this.scale, y: (clientY - top) / this.scale };
  }

  #draw() {
    this.#due = 0;
    if (!this.node.clientWidth) return;
    const scenery = cleared(this.#scenery);
    scenery.scale(this.scale, this.scale);
    drawScene(scenery, this.#shown.scene);
    const overlay = cleared(this.#overlay);
    const { color, caretColor } = getComputedStyle(this.#overlay);
    overlay.translate(MARGIN, MARGIN);
    overlay.strokeStyle = caretColor;
    this.#drawGuides(overlay);
    overlay.strokeStyle = color;
    if (this.#shown.object) this.#drawSelection(overlay, this.#shown.object);
  }

  #drawGuides(context) {
    const { clientWidth, clientHeight } = this.node;
    for (const { axis, at } of this.#shown.guides) {
      const place = Math.round(at * this.scale) - 0.5;
      if (axis === "x") context.strokeRect(place, 0, 0, clientHeight);
      else context.strokeRect(0, place, clientWidth, 0);
    }
  }

  #drawSelection(context, object) {
    const { scale } = this;
    const corner = fromLocal(object, { x: -object.width / 2, y: -object.height / 2 });
    context.save();
    context.translate(corner.x * scale, corner.y * scale);
    context.rotate((object.angle * Math.PI) / 180);
    context.lineWidth = 1.5;
    context.strokeRect(0, 0, object.width * scale, object.height * scale);
    context.restore();
    context.shadowColor = "rgb(0 0 0 / 50%)";
    context.shadowBlur = 4;
    for (const { x, y, rotates } of handlesOf(object, scale)) {
      context.fillStyle = rotates ? context.strokeStyle : "#fff";
      context.beginPath();
      context.arc(x * scale, y * scale, 5.5, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
  }
}

/** An empty drawing context in CSS pixels, at the device's resolution. */
function cleared(canvas) {
  const ratio = window.devicePixelRatio;
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(canvas.clientHeight * ratio);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  return context;
}

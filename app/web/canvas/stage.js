import { element } from "../views/element.js";
import { frameOf } from "./scene.js";
import { drawOverlay, drawScenery } from "./stage-drawing.js";
import { ViewTransform } from "./view-transform.js";

/** The canvas on the page: the frame with the scene, and over it the selection and the guides. */
export class Stage {
  #scenery = element("canvas", { class: "canvas-layer" });
  #overlay = element("canvas", { class: "canvas-layer canvas-overlay" });
  #paper = element("div", { class: "canvas-paper" });
  #shown = null;
  #due = 0;
  #onview;
  view = new ViewTransform();
  node = element(
    "div",
    { class: "canvas-stage", tabindex: 0, role: "application", "aria-roledescription": "canvas" },
    this.#paper,
    this.#scenery,
    this.#overlay,
  );

  /** `onview` is called when another part of the frame is shown, or at another size. */
  constructor(onview) {
    this.#onview = onview;
    new ResizeObserver(onview).observe(this.node);
  }

  /**
   * Shows `{scene, selected, isCropping, guides, marquee}` in the next animation frame. `selected` are
   * the objects that are drawn with handles.
   */
  show(shown) {
    this.#shown = shown;
    const frame = frameOf(shown.scene);
    this.node.style.setProperty("--canvas-ratio", frame.width / frame.height);
    this.#measure(frame);
    this.#due ||= requestAnimationFrame(() => this.#draw());
  }

  /** The position of a pointer or touch, in CSS pixels of the stage. */
  pointOf({ clientX, clientY }) {
    const { left, top } = this.node.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  /** The position of a pointer or touch, in pixels of the frame. */
  locate(event) {
    return this.view.toFrame(this.pointOf(event));
  }

  zoomBy(factor, at) {
    this.view.zoomBy(factor, at);
    this.#onview();
  }

  panBy(by) {
    this.view.panBy(by);
    this.#onview();
  }

  showAll() {
    this.view.reset();
    this.#onview();
  }

  /** The margin around the frame comes from the style sheet, as the padding of the stage. */
  #measure(frame) {
    const { clientWidth: width, clientHeight: height } = this.node;
    const { paddingLeft, paddingTop } = getComputedStyle(this.node);
    this.view.measure({ width, height }, { x: parseFloat(paddingLeft), y: parseFloat(paddingTop) }, frame);
    const { left, top, ...paper } = this.view.paper;
    Object.assign(this.#paper.style, {
      translate: `${left}px ${top}px`,
      width: `${paper.width}px`,
      height: `${paper.height}px`,
    });
    this.node.classList.toggle("canvas-zoomed", !this.view.isWhole);
  }

  #draw() {
    this.#due = 0;
    if (!this.node.clientWidth) return;
    drawScenery(cleared(this.#scenery), this.view, this.#shown);
    drawOverlay(cleared(this.#overlay), this.view, this.#shown);
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

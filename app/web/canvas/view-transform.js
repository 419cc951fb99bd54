const LEAST = 0.25;
const MOST = 8;

/**
 * Which part of the frame the stage shows. At zoom 1 all of it is shown, in the middle. Points of the
 * stage are CSS pixels from its corner.
 */
export class ViewTransform {
  #stage = { width: 0, height: 0 };
  #margin = { x: 0, y: 0 };
  #frame = { width: 1, height: 1 };
  #middle = { x: 0.5, y: 0.5 }; // the share of the frame in the middle of the stage
  zoom = 1;

  /** Adapts to the sizes of the stage and the frame; another frame is shown whole. */
  measure(stage, margin, frame) {
    this.#stage = stage;
    this.#margin = margin;
    if (frame !== this.#frame) this.reset();
    this.#frame = frame;
  }

  get isWhole() {
    return this.zoom === 1 && this.#middle.x === 0.5 && this.#middle.y === 0.5;
  }

  /** CSS pixels per pixel of the frame. */
  get scale() {
    const { width, height } = this.#stage;
    const fit = Math.min(
      (width - 2 * this.#margin.x) / this.#frame.width,
      (height - 2 * this.#margin.y) / this.#frame.height,
    );
    return Math.max(fit, 0.01) * this.zoom;
  }

  /** The frame on the stage. */
  get paper() {
    const { scale } = this;
    const [width, height] = [this.#frame.width * scale, this.#frame.height * scale];
    const left = this.#stage.width / 2 - this.#middle.x * width;
    const top = this.#stage.height / 2 - this.#middle.y * height;
    return { left, top, width, height };
  }

  /** The part of the frame's plane that is on the stage, in pixels of the frame. */
  get visible() {
    const start = this.toFrame({ x: 0, y: 0 });
    const end = this.toFrame({ x: this.#stage.width, y: this.#stage.height });
    return { left: start.x, top: start.y, right: end.x, bottom: end.y };
  }

  toFrame({ x, y }) {
    const { left, top } = this.paper;
    return { x: (x - left) / this.scale, y: (y - top) / this.scale };
  }

  toStage({ x, y }) {
    const { left, top } = this.paper;
    return { x: left + x * this.scale, y: top + y * this.scale };
  }

  reset() {
    this.zoom = 1;
    this.#middle = { x: 0.5, y: 0.5 };
  }

  /** Zooms by a factor; what is at the point, by default the middle of the stage, stays there. */
  zoomBy(factor, at = { x: this.#stage.width / 2, y: this.#stage.height / 2 }) {
    const fixed = this.toFrame(at);
    this.zoom = Math.min(Math.max(this.zoom * factor, LEAST), MOST);
    if (Math.abs(this.zoom - 1) < 0.02) this.zoom = 1;
    const moved = this.toStage(fixed);
    this.panBy({ x: at.x - moved.x, y: at.y - moved.y });
  }

  /** Moves the frame by CSS pixels; a point of the frame stays in the middle of the stage. */
  panBy({ x, y }) {
    const { width, height } = this.paper;
    const within = (share) => Math.min(Math.max(share, 0), 1);
    this.#middle = {
      x: within(this.#middle.x - x / width),
      y: within(this.#middle.y - y / height),
    };
  }
}

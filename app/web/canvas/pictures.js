/** The decoded pictures of the canvas. */

import { PictureRefused, decodePicture } from "./picture.js";

const KEPT = 2; // decoded pictures that are no longer shown; undo shows them without a delay

/**
 * Each file is decoded once, to a source `{blob, width, height, bitmap}` that all scenes of the history
 * share. The bitmaps of the scene that is shown are open, and the last KEPT others; the rest are
 * closed, and decoded again when an undo shows them.
 */
export class Pictures {
  #open = new Set(); // the one shown last is the last
  #opening = new Map();
  #shown = new Set();
  #sampleUrl;
  #refuse;

  /** `refuse` is called with `{code, message}` for each picture that cannot be used. */
  constructor(sampleUrl, refuse) {
    this.#sampleUrl = sampleUrl;
    this.#refuse = refuse;
  }

  /** Decodes a file; null if it is refused. */
  async add(file) {
    try {
      const bitmap = await decodePicture(file);
      // A copy: the file on the disk may be changed or removed before it is decoded again.
      const blob = new Blob([await file.arrayBuffer()], { type: file.type });
      const source = { blob, bitmap, width: bitmap.width, height: bitmap.height };
      this.#open.add(source);
      return source;
    } catch (error) {
      if (!(error instanceof PictureRefused)) throw error;
      this.#refuse({ code: error.code, message: error.message });
      return null;
    }
  }

  async addSample() {
    const response = await fetch(this.#sampleUrl).catch(() => null);
    if (response?.ok) return this.add(new Blob([await response.arrayBuffer()], { type: "image/webp" }));
    this.#refuse({ code: "offline", message: "The sample picture could not be loaded. Try again." });
    return null;
  }

  /** Opens the pictures of a scene, and closes those that it does not show; true if any was closed. */
  async show({ objects }) {
    this.#shown = new Set(objects.map(({ source }) => source).filter(Boolean));
    const closed = [...this.#shown].filter(({ bitmap }) => !bitmap);
    for (const source of this.#shown) if (source.bitmap) this.#touch(source);
    await Promise.all(closed.map((source) => this.#reopen(source)));
    this.#closeOthers();
    return closed.length > 0;
  }

  #closeOthers() {
    const others = [...this.#open].filter((source) => !this.#shown.has(source));
    for (const source of others.slice(0, -KEPT)) {
      this.#open.delete(source);
      source.bitmap.close();
      source.bitmap = null;
    }
  }

  async #reopen(source) {
    // It could be decoded before. If not (no memory), it is an empty pixel, and is not tried again.
    const decode = () =>
      decodePicture(source.blob).catch(() => createImageBitmap(new ImageData(1, 1)));
    if (!this.#opening.has(source)) this.#opening.set(source, decode());
    source.bitmap = await this.#opening.get(source);
    this.#opening.delete(source);
    this.#touch(source);
  }

  #touch(source) {
    this.#open.delete(source);
    this.#open.add(source);
  }
}

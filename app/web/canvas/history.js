const LIMIT = 100;

/** Undo and redo. Edits under one key are one step until it is sealed: a drag, a slider. */
export class History {
  #past = [];
  #future = [];
  #key;

  constructor(scene) {
    this.present = scene;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  put(scene, key) {
    if (!key || key !== this.#key) this.#past = [...this.#past, this.present].slice(-LIMIT);
    this.present = scene;
    this.#future = [];
    this.#key = key;
  }

  /** End the step under way; true if there was one. */
  seal() {
    const open = Boolean(this.#key);
    this.#key = undefined;
    return open;
  }

  undo() {
    this.seal();
    this.#future.push(this.present);
    this.present = this.#past.pop();
  }

  /** Take back the step under way for good; there is none where it was undone meanwhile. */
  revert() {
    if (!this.#key || !this.canUndo) return;
    this.undo();
    this.#future.pop();
  }

  redo() {
    this.seal();
    this.#past.push(this.present);
    this.present = this.#future.pop();
  }
}

const LIMIT = 100;

/** Undo and redo. Edits with the same key (a drag, a slider) are one step until `endStep`. */
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

  /** Ends the current step; true if there was one. */
  endStep() {
    const open = Boolean(this.#key);
    this.#key = undefined;
    return open;
  }

  undo() {
    this.endStep();
    this.#future.push(this.present);
    this.present = this.#past.pop();
  }

  /** Undoes the current step without a redo; does nothing if there is none. */
  cancelStep() {
    if (!this.#key || !this.canUndo) return;
    this.undo();
    this.#future.pop();
  }

  redo() {
    this.endStep();
    this.#past.push(this.present);
    this.present = this.#future.pop();
  }
}

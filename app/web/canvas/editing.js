import { Clipboard } from "./clipboard.js";
import { measuresOf, nameOf } from "./descriptions.js";
import { EditorView } from "./editor-view.js";
import { History } from "./history.js";
import * as scenes from "./scene.js";

/**
 * A scene that is being edited: its history, what is selected, and the edits that the toolbar, the
 * pointer, the keyboard and the inspector make.
 */
export class Editing extends EventTarget {
  #history;
  #view;
  /** The ids of the selected objects. */
  selection = [];
  isCropping = false;
  guides = [];
  marquee = null;

  constructor(host, scene, owner) {
    super();
    this.#history = new History(scene);
    this.clipboard = new Clipboard(this, owner);
    this.#view = new EditorView(host, this);
  }

  get scene() {
    return this.#history.present;
  }

  get isEmpty() {
    return this.scene.objects.length === 0;
  }

  get canUndo() {
    return this.#history.canUndo;
  }

  get canRedo() {
    return this.#history.canRedo;
  }

  undo() {
    if (!this.canUndo) return;
    this.#history.undo();
    this.changed();
    this.announce("Undone");
  }

  redo() {
    if (!this.canRedo) return;
    this.#history.redo();
    this.changed();
    this.announce("Redone");
  }

  get frame() {
    return scenes.frameOf(this.scene);
  }

  get selected() {
    return this.scene.objects.filter(({ id }) => this.selection.includes(id));
  }

  /** Selects the objects that have the ids, and no others. */
  select(ids) {
    if (ids.join() === this.selection.join()) return;
    this.selectQuietly(ids);
    this.announce(ids.length ? `${nameOf(this.selected)} selected` : "Nothing selected");
  }

  selectQuietly(ids) {
    this.#view.closeText();
    this.isCropping = false;
    this.selection = ids;
    this.#view.show();
  }

  /** Starts with another scene and an empty history. */
  open(scene) {
    this.#history = new History(scene);
    this.selection = [];
    this.#view.show();
  }

  /** Selects a picture that was added, and continues on the canvas. */
  selectPlaced(id) {
    this.selectQuietly([id]);
    this.focus();
  }

  /** Shows another scene; edits with the same key are one undo step until `endStep`. */
  apply(scene, key) {
    this.#history.put(scene, key);
    this.changed();
  }

  /** Changes the selected objects; `patch` is an object, or a function of each. */
  change(patch, key) {
    this.apply(scenes.change(this.scene, this.selection, patch), key);
  }

  /** Changes where the selected objects are, and announces it. */
  place(patch) {
    this.change(patch);
    this.announce(measuresOf(this.selected));
  }

  /** Ends a gesture: the next edit is an undo step of its own. */
  endStep() {
    if (this.#history.endStep() && this.selection.length) this.announce(measuresOf(this.selected));
  }

  /** Undoes the current gesture. */
  cancelStep() {
    this.#history.cancelStep();
    this.changed();
  }

  guide(guides, marquee = null) {
    Object.assign(this, { guides, marquee });
    this.#view.show();
  }

  /** Adds an object; a new text is opened for typing. */
  add(kind, look) {
    this.addAll([{ kind, look }]);
    if (!look) this.editText();
  }

  /** Adds objects as one undo step, and selects them. */
  addAll(objects) {
    const before = this.scene.objects.length;
    this.apply(objects.reduce((scene, { kind, look }) => scenes.withNew(scene, kind, look), this.scene));
    this.selectQuietly(this.scene.objects.slice(before).map(({ id }) => id));
    this.focus();
    this.announce(`${nameOf(this.selected)} added`);
  }

  remove() {
    const { scene, selection, selected } = this;
    const objects = scene.objects.filter(({ id }) => !selection.includes(id));
    this.apply({ ...scene, objects });
    this.focus();
    this.announce(`${nameOf(selected)} deleted`);
  }

  raise(steps) {
    this.apply(scenes.raise(this.scene, this.selection, steps));
    const { objects } = this.scene;
    this.announce(`Layer ${objects.indexOf(this.selected.at(-1)) + 1} of ${objects.length}`);
  }

  /** Opens a text for typing, or a picture for cropping. */
  openSelected() {
    const [object, ...others] = this.selected;
    if (others.length) return;
    if (object?.kind === "picture") this.startCrop();
    else this.editText();
  }

  editText() {
    if (this.selected.length === 1 && this.selected[0].kind === "text") this.#view.openText();
  }

  /** Text editing has ended; an empty text is removed. */
  finishText(text) {
    this.#history.endStep();
    if (text.trim() === "" && this.selection.length) this.remove();
    this.#view.show();
  }

  startCrop() {
    this.isCropping = true;
    this.#view.show();
    this.focus();
    this.announce("Cropping. Arrows move the picture, Escape ends");
  }

  /** Returns whether a picture was being cropped. */
  endCrop() {
    const { isCropping } = this;
    this.isCropping = false;
    this.#view.show();
    if (isCropping) this.announce("Cropping ended");
    return isCropping;
  }

  focusStyle() {
    this.#view.focusStyle();
  }

  announce(text) {
    this.#view.announce(text);
  }

  offerRatio() {
    this.#view.offerRatio();
  }

  focus() {
    this.#view.focus();
  }

  /** Shows the scene, after any change of it. */
  changed() {
    this.selection = this.selected.map(({ id }) => id);
    if (this.selection.length === 0) this.isCropping = false;
    this.#view.show();
  }
}

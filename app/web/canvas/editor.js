import { Desk } from "./desk.js";
import { blobOf, previewOf } from "./export.js";
import { History } from "./history.js";
import { keep, recall } from "./keepsake.js";
import { fitted } from "./lettering.js";
import { PictureRefused, pictureOf } from "./picture.js";
import * as scenes from "./scene.js";

const HEADLINE = { text: "After the rain", size: 104, width: 900, align: "left", x: 522, y: 592 };
const KEEP_AFTER = 400; // milliseconds of rest

/**
 * A canvas to design the first frame of a video on. `ready` resolves once its first picture is
 * there. Events: `change`, and `notice` with `detail: {code, message}` where a picture was refused.
 */
export class CanvasEditor extends EventTarget {
  #history = new History(withNew(scenes.EMPTY, "text", HEADLINE));
  #sampleUrl;
  #owner;
  #desk;
  #pictures = 0;
  #keeping = 0;

  /** @param {() => string} options.owner whose canvas is kept over a reload */
  constructor(host, { sampleUrl, owner = () => "" }) {
    super();
    this.#sampleUrl = sampleUrl;
    this.#owner = owner;
    /** The id of what is selected: an object's, BACKGROUND, or null. */
    this.selection = null;
    this.guides = [];
    this.#desk = new Desk(host, this);
    this.ready = this.#open();
  }

  get aspect() {
    return this.scene.aspect;
  }

  set aspect(aspect) {
    if (aspect === this.aspect) return;
    const scene = scenes.reframed(this.scene, aspect);
    this.apply({ ...scene, objects: scene.objects.map(fitted) });
    this.#say(`Aspect ${aspect}`);
  }

  get isEmpty() {
    return !this.scene.picture && this.scene.objects.length === 0;
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
    this.#changed();
    this.#say("Undone");
  }

  redo() {
    if (!this.canRedo) return;
    this.#history.redo();
    this.#changed();
    this.#say("Redone");
  }

  /** The canvas as a PNG at the model's size; rejects with code `image_unavailable`. */
  async toBlob() {
    await this.ready;
    return blobOf(this.scene);
  }

  /** A small picture of the canvas, as it is now, as a data URL. */
  snapshotUrl() {
    return previewOf(this.scene);
  }

  /* From here on: what the parts of the editor work with. */

  get scene() {
    return this.#history.present;
  }

  get selected() {
    return this.scene.objects.find(({ id }) => id === this.selection);
  }

  /** What is selected: an object, the picture, the scene where it has none, or nothing. */
  get subject() {
    if (this.selection === scenes.BACKGROUND) return this.scene.picture ?? this.scene;
    return this.selected;
  }

  get selectionName() {
    const { kind, text, bitmap } = this.subject;
    if (text) return `Text “${text.trim().slice(0, 40)}”`;
    return kind ? kind[0].toUpperCase() + kind.slice(1) : bitmap ? "Picture" : "Background";
  }

  select(id) {
    if (id === this.selection) return;
    this.#desk.closeText();
    this.selection = id;
    this.#desk.show();
    this.#say(id === null ? "Nothing selected" : `${this.selectionName} selected`);
  }

  /** Go to another scene; edits under one key are one step of undo until they are settled. */
  apply(scene, key) {
    this.#history.put(scene, key);
    this.#changed();
  }

  /** Change parts of what is selected. */
  change(patch, key) {
    const scene = scenes.change(this.scene, this.selection, patch);
    this.apply({ ...scene, objects: scene.objects.map(fitted) }, key);
  }

  /** A gesture has ended: what comes next is a step of its own. */
  settle() {
    if (this.#history.seal() && this.selected) this.#say(measuresOf(this.selected));
  }

  /** Take back the gesture under way. */
  revert() {
    this.#history.revert();
    this.#changed();
  }

  guide(guides) {
    this.guides = guides;
    this.#desk.show();
  }

  /** Add an object; a text that comes without words is opened for typing. */
  add(kind, look) {
    this.apply(withNew(this.scene, kind, look));
    this.selection = this.scene.objects.at(-1).id;
    this.#desk.show();
    this.#desk.focus();
    this.#say(`${this.selectionName} added`);
    if (!look) this.editText();
  }

  duplicate() {
    const { selected } = this;
    this.add(selected.kind, { ...selected, x: selected.x + 32, y: selected.y + 32 });
  }

  /** Remove what is selected, the picture too. */
  remove() {
    const { scene, selected, selectionName } = this;
    const objects = scene.objects.filter((object) => object !== selected);
    this.apply({ ...scene, objects, picture: selected ? scene.picture : null });
    this.#desk.focus();
    this.#say(`${selectionName} deleted`);
  }

  raise(steps) {
    this.apply(scenes.raise(this.scene, this.selection, steps));
    const { objects } = this.scene;
    this.#say(`Layer ${objects.indexOf(this.selected) + 1} of ${objects.length}`);
  }

  editText() {
    if (this.selected?.kind === "text") this.#desk.openText();
  }

  /** The field over a text was left; a text without a letter is gone. */
  textEdited(text) {
    this.#history.seal();
    if (text.trim() === "" && this.selected) this.remove();
    this.#desk.show();
  }

  focusStyle() {
    this.#desk.focusStyle();
  }

  /** Put a picture behind everything; of several the last one that was chosen stays. */
  async usePicture(blob, { isSample = false } = {}) {
    const count = (this.#pictures += 1);
    const picture = await this.#decoded(blob);
    if (!picture || count !== this.#pictures) return;
    // The sample's own words go with it.
    const stays = ({ text }) => isSample || text !== HEADLINE.text;
    this.apply({ ...this.scene, picture, objects: this.scene.objects.filter(stays) });
    this.#say("Picture placed");
  }

  async useSample() {
    const blob = await this.#sample();
    if (blob) await this.usePicture(blob, { isSample: true });
  }

  /** Begin with what was kept over a reload, or with the sample. */
  async #open() {
    const kept = await recall(this.#owner());
    const blob = kept ? kept.picture?.blob : await this.#sample();
    const picture = blob ? await this.#decoded(blob) : null;
    const { x, y, zoom } = kept?.picture ?? picture ?? {};
    const scene = kept ?? this.scene;
    this.#history = new History({ ...scene, picture: picture && { ...picture, x, y, zoom } });
    this.#desk.show();
  }

  async #decoded(blob) {
    try {
      return await pictureOf(blob);
    } catch (error) {
      if (!(error instanceof PictureRefused)) throw error;
      return this.#refuse(error.code, error.message);
    }
  }

  async #sample() {
    const response = await fetch(this.#sampleUrl).catch(() => null);
    if (response?.ok) return new Blob([await response.arrayBuffer()], { type: "image/webp" });
    return this.#refuse("offline", "The sample picture could not be loaded. Try again.");
  }

  #refuse(code, message) {
    this.dispatchEvent(new CustomEvent("notice", { detail: { code, message } }));
    return null;
  }

  #changed() {
    if (this.selection && !this.selected) this.selection = null;
    this.#desk.show();
    this.dispatchEvent(new Event("change"));
    clearTimeout(this.#keeping);
    this.#keeping = setTimeout(() => keep(this.scene, this.#owner()), KEEP_AFTER);
  }

  #say(text) {
    this.#desk.announce(text);
  }
}

function withNew(scene, kind, look) {
  return { ...scene, objects: [...scene.objects, fitted(scenes.create(scene, kind, look))] };
}

function measuresOf({ x, y, width, height, angle }) {
  const exact = [x - width / 2, y - height / 2, width, height, angle];
  const [left, top, wide, high, turn] = exact.map(Math.round);
  return `At ${left}, ${top}, ${wide} by ${high}, turned ${turn} degrees`;
}

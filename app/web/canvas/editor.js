import { measuresOf, nameOf } from "./descriptions.js";
import { loadDraft, saveDraft } from "./draft-storage.js";
import { EditorView } from "./editor-view.js";
import { sceneToBlob, scenePreviewUrl } from "./export.js";
import { History } from "./history.js";
import { PictureRefused, decodePicture } from "./picture.js";
import * as scenes from "./scene.js";
import { fitText } from "./text-layout.js";

const HEADLINE = { text: "After the rain", size: 104, width: 900, align: "left", x: 522, y: 592 };
const SAVE_AFTER = 400; // milliseconds without a change

/**
 * A canvas for designing the first frame of a video. `ready` resolves when its first picture is
 * loaded. Events: `change`, `aspect-change`, and `notice` with `detail: {code, message}` if a picture
 * is rejected.
 */
export class CanvasEditor extends EventTarget {
  #history = new History(withNew(scenes.EMPTY, "text", HEADLINE));
  #sampleUrl;
  #owner;
  #view;
  #pictures = 0;
  #shownAspect = this.aspect;
  #saveTimer = 0;

  /** @param {() => string} options.owner the user whose draft is stored */
  constructor(host, { sampleUrl, owner = () => "" }) {
    super();
    this.#sampleUrl = sampleUrl;
    this.#owner = owner;
    /** The id of what is selected: an object's, BACKGROUND, or null. */
    this.selection = null;
    this.guides = [];
    this.#view = new EditorView(host, this);
    this.ready = this.#open();
  }

  /** The ratios that the canvas can have, as in a template's `aspectRatios`. */
  get aspects() {
    return Object.keys(scenes.FRAMES);
  }

  get aspect() {
    return this.scene.aspect;
  }

  /** Changes the ratio as an undo step; one that the canvas cannot have is ignored. */
  set aspect(aspect) {
    if (aspect === this.aspect || !this.aspects.includes(aspect)) return;
    const scene = scenes.reframed(this.scene, aspect);
    this.apply({ ...scene, objects: scene.objects.map(fitText) });
    this.#announce(`Aspect ${aspect}`);
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
    this.#announce("Undone");
  }

  redo() {
    if (!this.canRedo) return;
    this.#history.redo();
    this.#changed();
    this.#announce("Redone");
  }

  /** The canvas as a PNG at the model's size; rejects with code `image_unavailable`. */
  async toBlob() {
    await this.ready;
    return sceneToBlob(this.scene);
  }

  /** A small picture of the current canvas, as a data URL. */
  snapshotUrl() {
    return scenePreviewUrl(this.scene);
  }

  /** Whether the exported picture needs an alpha channel. */
  hasTransparency() {
    return this.scene.backdrop.length === 0;
  }

  /** Replaces the canvas by one picture, in the ratio closest to it; resolves when it is shown. */
  async showPicture(blob) {
    await this.ready;
    const picture = await this.#decode(blob);
    if (!picture) return;
    const aspect = scenes.closestAspect(picture.bitmap);
    this.selection = null;
    this.apply({ ...scenes.EMPTY, aspect, picture });
    this.#announce("Picture placed");
  }

  /* The members below are for the parts of the editor. */

  get scene() {
    return this.#history.present;
  }

  get selected() {
    return this.scene.objects.find(({ id }) => id === this.selection);
  }

  /** The selected object, picture, or scene (if it has no picture); undefined if none. */
  get subject() {
    if (this.selection === scenes.BACKGROUND) return this.scene.picture ?? this.scene;
    return this.selected;
  }

  get selectionName() {
    return nameOf(this.subject);
  }

  select(id) {
    if (id === this.selection) return;
    this.#view.closeText();
    this.selection = id;
    this.#view.show();
    this.#announce(id === null ? "Nothing selected" : `${this.selectionName} selected`);
  }

  /** Shows another scene; edits with the same key are one undo step until `endStep`. */
  apply(scene, key) {
    this.#history.put(scene, key);
    this.#changed();
  }

  /** Changes properties of the selection. */
  change(patch, key) {
    const scene = scenes.change(this.scene, this.selection, patch);
    this.apply({ ...scene, objects: scene.objects.map(fitText) }, key);
  }

  /** Ends a gesture: the next edit is an undo step of its own. */
  endStep() {
    if (this.#history.endStep() && this.selected) this.#announce(measuresOf(this.selected));
  }

  /** Undoes the current gesture. */
  cancelStep() {
    this.#history.cancelStep();
    this.#changed();
  }

  guide(guides) {
    this.guides = guides;
    this.#view.show();
  }

  /** Adds an object; a new text is opened for typing. */
  add(kind, look) {
    this.apply(withNew(this.scene, kind, look));
    this.selection = this.scene.objects.at(-1).id;
    this.#view.show();
    this.#view.focus();
    this.#announce(`${this.selectionName} added`);
    if (!look) this.editText();
  }

  duplicate() {
    const { selected } = this;
    this.add(selected.kind, { ...selected, x: selected.x + 32, y: selected.y + 32 });
  }

  /** Removes the selected object or picture. */
  remove() {
    const { scene, selected, selectionName } = this;
    const objects = scene.objects.filter((object) => object !== selected);
    this.apply({ ...scene, objects, picture: selected ? scene.picture : null });
    this.#view.focus();
    this.#announce(`${selectionName} deleted`);
  }

  raise(steps) {
    this.apply(scenes.raise(this.scene, this.selection, steps));
    const { objects } = this.scene;
    this.#announce(`Layer ${objects.indexOf(this.selected) + 1} of ${objects.length}`);
  }

  editText() {
    if (this.selected?.kind === "text") this.#view.openText();
  }

  /** Text editing has ended; an empty text is removed. */
  finishText(text) {
    this.#history.endStep();
    if (text.trim() === "" && this.selected) this.remove();
    this.#view.show();
  }

  focusStyle() {
    this.#view.focusStyle();
  }

  /** Sets the background picture; if several are loading, the one chosen last wins. */
  async usePicture(blob, { isSample = false } = {}) {
    const count = (this.#pictures += 1);
    const picture = await this.#decode(blob);
    if (!picture || count !== this.#pictures) return;
    // The sample's headline is removed with the sample.
    const stays = ({ text }) => isSample || text !== HEADLINE.text;
    this.apply({ ...this.scene, picture, objects: this.scene.objects.filter(stays) });
    this.#announce("Picture placed");
  }

  async useSample() {
    const blob = await this.#fetchSample();
    if (blob) await this.usePicture(blob, { isSample: true });
  }

  /** Opens the stored draft, or the sample. */
  async #open() {
    const draft = await loadDraft(this.#owner());
    const blob = draft ? draft.picture?.blob : await this.#fetchSample();
    const picture = blob ? await this.#decode(blob) : null;
    const { x, y, zoom } = draft?.picture ?? picture ?? {};
    const scene = draft ?? this.scene;
    this.#history = new History({ ...scene, picture: picture && { ...picture, x, y, zoom } });
    this.#shownAspect = this.aspect;
    this.#view.show();
  }

  async #decode(blob) {
    try {
      return await decodePicture(blob);
    } catch (error) {
      if (!(error instanceof PictureRefused)) throw error;
      return this.#refuse(error.code, error.message);
    }
  }

  async #fetchSample() {
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
    this.#view.show();
    this.dispatchEvent(new Event("change"));
    if (this.aspect !== this.#shownAspect) this.dispatchEvent(new Event("aspect-change"));
    this.#shownAspect = this.aspect;
    clearTimeout(this.#saveTimer);
    this.#saveTimer = setTimeout(() => saveDraft(this.scene, this.#owner()), SAVE_AFTER);
  }

  #announce(text) {
    this.#view.announce(text);
  }
}

function withNew(scene, kind, look) {
  return { ...scene, objects: [...scene.objects, fitText(scenes.create(scene, kind, look))] };
}

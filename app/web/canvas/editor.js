import { Drafts } from "./drafts.js";
import { Editing } from "./editing.js";
import { sceneToBlob, scenePreviewUrl, tryToDraw } from "./export.js";
import { filled } from "./picture-placement.js";
import { Pictures } from "./pictures.js";
import * as scenes from "./scene.js";
import { HEADLINE, hasOwnPicture, withPicture, withSample } from "./scene-pictures.js";

const SAVE_AFTER = 400; // milliseconds without a change

/**
 * A canvas for designing the first frame of a video. `ready` resolves when its first picture is
 * loaded. Events: `change`, `aspect-change`, and `notice` with `detail: {code, message}` if a picture
 * is rejected.
 */
export class CanvasEditor extends Editing {
  #pictures;
  #drafts;
  #shownAspect = this.aspect;
  #saveTimer = 0;
  /** The ratios that are offered for a picture. */
  wantedAspects = this.aspects;

  /** @param {() => string} options.owner the user whose draft is stored */
  constructor(host, { sampleUrl, owner = () => "" }) {
    super(host, scenes.withNew(scenes.EMPTY, "text", HEADLINE), owner);
    this.#pictures = new Pictures(sampleUrl, (detail) =>
      this.dispatchEvent(new CustomEvent("notice", { detail })),
    );
    this.#drafts = new Drafts(owner);
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
    this.apply(scenes.reframed(this.scene, aspect));
    this.announce(`Aspect ${aspect}`);
  }

  /** The canvas as a picture to send; rejects with code `image_unavailable`. */
  async toBlob({ longSide = 1280 } = {}) {
    await this.ready;
    await this.#pictures.show(this.scene);
    return sceneToBlob(this.scene, { longSide, hasAlpha: this.hasTransparency() });
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
    const source = await this.#pictures.add(blob);
    if (!source) return;
    const empty = { ...scenes.EMPTY, aspect: scenes.closestAspect(source) };
    const look = { source, ...filled(source, scenes.frameOf(empty)) };
    this.apply(scenes.withNew(empty, "picture", look));
    this.announce("Picture placed");
  }

  /* The members below are for the parts of the editor. */

  /** Adds pictures as layers; the first one is followed by the offer of its ratio. */
  async addPictures(files) {
    await this.ready;
    for (const file of files) {
      const source = await this.#pictures.add(file);
      if (!source) continue;
      const isFirst = !hasOwnPicture(this.scene);
      this.#place(withPicture(this.scene, source));
      if (isFirst) this.offerRatio();
    }
  }

  async useSample() {
    const source = await this.#pictures.addSample();
    if (source) this.#place(withSample(this.scene, source));
  }

  /** Gives the canvas a ratio, and lets a picture cover it, as one undo step. */
  cover({ id, source }, aspect) {
    const scene = scenes.reframed(this.scene, aspect);
    this.apply(scenes.change(scene, [id], (picture) => filled(picture, scenes.frameOf(scene))));
    this.announce(`Aspect ${this.aspect}`);
  }

  changed() {
    super.changed();
    this.#pictures.show(this.scene).then((opened) => opened && super.changed());
    this.dispatchEvent(new Event("change"));
    if (this.aspect !== this.#shownAspect) this.dispatchEvent(new Event("aspect-change"));
    this.#shownAspect = this.aspect;
    clearTimeout(this.#saveTimer);
    this.#saveTimer = setTimeout(() => this.ready.then(() => this.#drafts.save(this.scene)), SAVE_AFTER);
  }

  #place({ scene, id }) {
    this.apply(scene);
    this.selectPlaced(id);
    this.announce("Picture placed");
  }

  /** Opens the stored draft, or the sample. */
  async #open() {
    const draft = await this.#draft();
    const source = draft ? null : await this.#pictures.addSample();
    const scene = draft ?? (source ? withSample(this.scene, source).scene : this.scene);
    await this.#pictures.show(scene);
    this.open(scene);
    this.#shownAspect = this.aspect;
  }

  /** The stored draft, unless another release has stored what this one cannot draw. */
  async #draft() {
    const draft = await this.#drafts.load();
    if (!draft) return null;
    try {
      await this.#pictures.show(draft);
      tryToDraw(draft);
      return draft;
    } catch {
      return null;
    }
  }
}

import { element } from "../views/element.js";
import { Controls, iconButton } from "./controls.js";
import { weightsOf } from "./font-weights.js";
import { arrangement, cropping, placing } from "./inspector-panels.js";
import { FONTS } from "./text-layout.js";

const NONE = { None: [] };
const FONT_NAMES = Object.keys(FONTS).map((font) => [font, font[0].toUpperCase() + font.slice(1)]);
const SIDES = [["left", "Left"], ["center", "Centre"], ["right", "Right"]];

/** The row under the canvas: controls for the selection, or for the background. */
export class Inspector {
  #editor;
  #choosePictures;
  #shown = "";
  #controls;
  #choices = element("div", { class: "canvas-choices" });
  #acts = element("div", { class: "canvas-acts" });
  node = element(
    "div",
    { class: "canvas-inspector", role: "group", "aria-label": "Selection" },
    this.#choices,
    this.#acts,
  );

  constructor(editor, choosePictures) {
    this.#editor = editor;
    this.#choosePictures = choosePictures;
  }

  update() {
    const { scene, selected } = this.#editor;
    const shown = selected.length > 1 ? "group" : (selected[0]?.kind ?? "background");
    if (shown !== this.#shown) this.#build(shown);
    this.#controls.sync(selected[0] ?? scene);
  }

  /** Focuses the first control. */
  focus() {
    this.node.querySelector("button, input").focus();
  }

  #build(shown) {
    const editor = this.#editor;
    const isScene = shown === "background";
    const put = isScene
      ? (patch, key) => editor.apply({ ...editor.scene, ...patch }, key)
      : (patch, key) => editor.change(patch, key);
    this.#shown = shown;
    this.#controls = new Controls(put, () => editor.endStep());
    this.#choices.replaceChildren(...(isScene ? this.#background() : this.#object(shown)));
    this.#acts.replaceChildren(...(isScene ? this.#adding() : this.#ending()));
  }

  #object(kind) {
    const controls = this.#controls;
    const beginning = {
      picture: () => [...placing(this.#editor), cropping(this.#editor, controls)],
      text: () => [this.#fill({}), this.#type()],
      line: () => [this.#fill({})],
      group: () => [],
    };
    return [
      ...(beginning[kind] ?? (() => [this.#fill(NONE)]))(),
      controls.panel("Style", this.#style(kind)),
      arrangement(this.#editor, controls, kind),
    ];
  }

  #fill(others) {
    return this.#controls.panel("Fill", [this.#controls.palette("Colour", "fill", others)], "fill");
  }

  #type() {
    return this.#controls.panel("Font", [
      this.#controls.choice("Family", "font", () => FONT_NAMES),
      this.#controls.choice("Weight", "weight", ({ font }) => weightsOf(font)),
      this.#controls.amount("Size", "size", 8, 800),
      this.#controls.choice("Alignment", "align", () => SIDES),
    ]);
  }

  #style(kind) {
    const controls = this.#controls;
    const opacity = controls.slider("Opacity", "opacity", 5, 100, "%");
    if (kind === "group") return [opacity, controls.toggle("Shadow", "shadow")];
    const hasCorners = kind === "rectangle" || kind === "picture";
    return [
      opacity,
      controls.slider("Rotation", "angle", 0, 359, "°"),
      hasCorners && controls.slider("Corners", "radius", 0, 200),
      kind === "line" && controls.slider("Thickness", "height", 1, 80),
      controls.toggle("Shadow", "shadow"),
      controls.slider("Outline", "strokeWidth", 0, 40),
      controls.palette("Outline colour", "stroke"),
    ];
  }

  #ending() {
    return [
      iconButton("Duplicate", "copy-item", () => this.#editor.clipboard.duplicate(), "Control+D Meta+D"),
      iconButton("Delete", "trash", () => this.#editor.remove(), "Delete"),
    ];
  }

  #background() {
    const palette = this.#controls.palette("Colour", "backdrop", NONE);
    return [
      this.#controls.panel("Background", [palette], "backdrop"),
      element("p", {}, "Nothing selected"),
    ];
  }

  #adding() {
    return [iconButton("Add pictures", "upload", this.#choosePictures)];
  }
}

import { element } from "../views/element.js";
import { Controls, iconButton } from "./controls.js";
import { FONTS } from "./text-layout.js";

const NONE = { None: [] };
const FONT_NAMES = Object.keys(FONTS).map((font) => [font, font[0].toUpperCase() + font.slice(1)]);
const WEIGHTS = [[300, "Light"], [400, "Regular"], [600, "Semibold"], [800, "Bold"], [900, "Black"]];
const SIDES = [["left", "Left"], ["center", "Centre"], ["right", "Right"]];

/** The row under the canvas: controls for the selection, or a hint. */
export class Inspector {
  #editor;
  #choosePicture;
  #shown = "";
  #controls;
  node = element("div", { class: "canvas-inspector", role: "group", "aria-label": "Selection" });

  constructor(editor, choosePicture) {
    this.#editor = editor;
    this.#choosePicture = choosePicture;
  }

  update() {
    const { subject } = this.#editor;
    const shown = subject ? (subject.kind ?? (subject.bitmap ? "picture" : "background")) : "hint";
    if (shown !== this.#shown) this.#build(shown);
    if (subject) this.#controls.sync(subject);
  }

  /** Focuses the first control; false if there is none. */
  focus() {
    const first = this.node.querySelector("button, input");
    first?.focus();
    return Boolean(first);
  }

  #build(shown) {
    this.#shown = shown;
    this.#controls = new Controls(this.#editor);
    const rows = { hint: hint, picture: () => this.#picture(), background: () => this.#background() };
    this.node.replaceChildren(...(rows[shown] ?? (() => this.#object(shown)))());
  }

  #object(kind) {
    const [controls, editor] = [this.#controls, this.#editor];
    const fill = controls.palette("Colour", "fill", kind === "text" || kind === "line" ? {} : NONE);
    return [
      controls.panel("Fill", [fill], "fill"),
      ...(kind === "text" ? this.#type() : []),
      controls.panel("Style", this.#style(kind)),
      element("i", { class: "canvas-rest" }),
      iconButton("Bring forward", "up", () => editor.raise(1), "]"),
      iconButton("Send backward", "down", () => editor.raise(-1), "["),
      iconButton("Duplicate", "copy-item", () => editor.duplicate(), "Control+D Meta+D"),
      iconButton("Delete", "trash", () => editor.remove(), "Delete"),
    ];
  }

  #type() {
    return [
      this.#controls.choice("Font", "font", FONT_NAMES),
      this.#controls.choice("Weight", "weight", WEIGHTS),
      this.#controls.amount("Size", "size", 8, 800),
      this.#controls.choice("Alignment", "align", SIDES),
    ];
  }

  #style(kind) {
    const controls = this.#controls;
    return [
      controls.slider("Opacity", "opacity", 5, 100, "%"),
      controls.slider("Rotation", "angle", 0, 359, "°"),
      kind === "rectangle" && controls.slider("Corners", "radius", 0, 200),
      kind === "line" && controls.slider("Thickness", "height", 1, 80),
      controls.toggle("Shadow", "shadow"),
      controls.slider("Outline", "strokeWidth", 0, 40),
      controls.palette("Outline colour", "stroke"),
    ];
  }

  #picture() {
    return [
      this.#controls.slider("Zoom", "zoom", 100, 400, "%"),
      element("i", { class: "canvas-rest" }),
      iconButton("Replace the picture", "upload", this.#choosePicture),
      iconButton("Remove the picture", "trash", () => this.#editor.remove(), "Delete"),
    ];
  }

  #background() {
    const palette = this.#controls.palette("Colour", "backdrop", NONE);
    return [
      this.#controls.panel("Background", [palette], "backdrop"),
      element("i", { class: "canvas-rest" }),
      iconButton("Upload a picture", "upload", this.#choosePicture),
    ];
  }
}

const hint = () => [
  element("p", {}, "Select something to style it. Drop or paste a picture to use your own."),
];

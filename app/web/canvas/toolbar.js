import { element } from "../views/element.js";
import { iconButton } from "./controls.js";
import { FRAMES } from "./scene.js";

/** Buttons that add objects and pictures, undo, redo, and the aspect ratio. */
export class Toolbar {
  #editor;
  #undo;
  #redo;
  #aspects;

  constructor(editor, choosePicture) {
    this.#editor = editor;
    this.#undo = iconButton("Undo", "undo", () => editor.undo(), "Control+Z Meta+Z");
    this.#redo = iconButton("Redo", "redo", () => editor.redo(), "Control+Shift+Z Meta+Shift+Z");
    this.#aspects = Object.keys(FRAMES).map((aspect) => this.#aspect(aspect));
    const aspects = this.#aspects.map((input) => input.parentElement);
    const bar = { class: "canvas-tools", role: "toolbar", "aria-label": "Canvas tools" };
    const history = { class: "canvas-tools", role: "group", "aria-label": "History" };
    const ratios = { class: "canvas-tools", role: "radiogroup", "aria-label": "Aspect ratio" };
    this.node = element(
      "div",
      { class: "canvas-bar" },
      withArrowKeys(element("div", bar, this.#adders(), this.#pictures(choosePicture))),
      element("div", history, this.#undo, this.#redo),
      element("div", ratios, aspects),
    );
  }

  update() {
    // Disabled but focusable, so that the last undo does not lose the focus.
    this.#undo.ariaDisabled = !this.#editor.canUndo;
    this.#redo.ariaDisabled = !this.#editor.canRedo;
    for (const input of this.#aspects) input.checked = input.value === this.#editor.aspect;
  }

  #adders() {
    const add = (kind, picture) => iconButton(`Add ${kind}`, picture, () => this.#editor.add(kind));
    return [
      add("text", "text"),
      add("rectangle", "square"),
      add("ellipse", "circle"),
      add("line", "line"),
      add("star", "star"),
      element("i", { class: "canvas-rule" }),
    ];
  }

  #pictures(choosePicture) {
    return [
      iconButton("Upload a picture", "upload", choosePicture),
      iconButton("Use the sample picture", "image", () => this.#editor.useSample()),
    ];
  }

  #aspect(value) {
    const onchange = () => {
      this.#editor.aspect = value;
    };
    const input = element("input", { type: "radio", name: "canvas-aspect", value, onchange });
    const shape = element("i", { class: "canvas-ratio", data: { ratio: value } });
    element("label", { class: "canvas-aspect" }, input, shape, value);
    return input;
  }
}

/** Makes a toolbar one Tab stop; the arrow keys move inside it. */
function withArrowKeys(bar) {
  const tools = [...bar.querySelectorAll("button")];
  const stop = (chosen) => tools.forEach((each) => (each.tabIndex = each === chosen ? 0 : -1));
  stop(tools[0]);
  bar.addEventListener("focusin", ({ target }) => stop(target));
  bar.addEventListener("keydown", ({ target, key }) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (by) tools.at((tools.indexOf(target) + by) % tools.length).focus();
  });
  return bar;
}

import { element } from "../views/element.js";
import { tool } from "./controls.js";
import { FRAMES } from "./scene.js";

/** What can be put on the canvas, undo and redo, and the aspect. */
export class Toolbar {
  #editor;
  #undo;
  #redo;
  #aspects;

  constructor(editor, choosePicture) {
    this.#editor = editor;
    this.#undo = tool("Undo", "undo", () => editor.undo(), "Control+Z Meta+Z");
    this.#redo = tool("Redo", "redo", () => editor.redo(), "Control+Shift+Z Meta+Shift+Z");
    this.#aspects = Object.keys(FRAMES).map((aspect) => this.#aspect(aspect));
    const aspects = this.#aspects.map((input) => input.parentElement);
    const bar = { class: "canvas-tools", role: "toolbar", "aria-label": "Canvas tools" };
    const history = { class: "canvas-tools", role: "group", "aria-label": "History" };
    const ratios = { class: "canvas-tools", role: "radiogroup", "aria-label": "Aspect ratio" };
    this.node = element(
      "div",
      { class: "canvas-bar" },
      walked(element("div", bar, this.#adders(), this.#pictures(choosePicture))),
      element("div", history, this.#undo, this.#redo),
      element("div", ratios, aspects),
    );
  }

  update() {
    // Out of use, yet still focusable: the focus is never lost to the last undo.
    this.#undo.ariaDisabled = !this.#editor.canUndo;
    this.#redo.ariaDisabled = !this.#editor.canRedo;
    for (const input of this.#aspects) input.checked = input.value === this.#editor.aspect;
  }

  #adders() {
    const add = (kind, picture) => tool(`Add ${kind}`, picture, () => this.#editor.add(kind));
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
      tool("Upload a picture", "upload", choosePicture),
      tool("Use the sample picture", "image", () => this.#editor.useSample()),
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

/** Makes a toolbar one stop of Tab; the arrow keys walk along it. */
function walked(bar) {
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

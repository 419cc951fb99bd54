import { icon } from "../icons.js";
import { element } from "../views/element.js";
import { buttonRow, iconButton, panel } from "./controls.js";
import { LayersPanel } from "./layers-panel.js";

const ZOOM = 1.25;

/** Buttons that add objects and pictures, undo, redo, layers, the view, and the aspect ratio. */
export class Toolbar {
  #editor;
  #stage;
  #undo;
  #redo;
  #layers;
  #whole;
  #aspects;

  constructor(editor, stage, choosePictures) {
    this.#editor = editor;
    this.#stage = stage;
    this.#undo = iconButton("Undo", "undo", () => editor.undo(), "Control+Z Meta+Z");
    this.#redo = iconButton("Redo", "redo", () => editor.redo(), "Control+Shift+Z Meta+Shift+Z");
    this.#layers = new LayersPanel(editor);
    this.#aspects = editor.aspects.map((aspect) => this.#aspect(aspect));
    const aspects = this.#aspects.map((input) => input.parentElement);
    const bar = { class: "canvas-tools", role: "toolbar", "aria-label": "Canvas tools" };
    const canvas = { class: "canvas-tools", role: "group", "aria-label": "History and view" };
    const ratios = { class: "canvas-tools canvas-ratios", role: "radiogroup", "aria-label": "Aspect ratio" };
    this.node = element(
      "div",
      { class: "canvas-bar" },
      withArrowKeys(element("div", bar, this.#adders(), this.#pictures(choosePictures))),
      element("div", canvas, this.#undo, this.#redo, this.#layers.node, this.#zoom()),
      element("div", ratios, aspects),
    );
  }

  update() {
    // Disabled but focusable, so that the last undo does not lose the focus.
    this.#undo.ariaDisabled = !this.#editor.canUndo;
    this.#redo.ariaDisabled = !this.#editor.canRedo;
    this.#whole.textContent = `${Math.round(this.#stage.view.zoom * 100)} %`;
    this.#layers.update();
    for (const input of this.#aspects) {
      const isChosen = input.value === this.#editor.aspect;
      if (isChosen && !input.checked) bringIntoView(input.parentElement);
      input.checked = isChosen;
    }
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

  #pictures(choosePictures) {
    return [
      iconButton("Upload a picture", "upload", choosePictures),
      iconButton("Use the sample picture", "image", () => this.#editor.useSample()),
    ];
  }

  #zoom() {
    const stage = this.#stage;
    const whole = { type: "button", class: "button quiet canvas-opener", title: "Show the whole canvas" };
    this.#whole = element("button", { ...whole, onclick: () => stage.showAll() });
    const buttons = [
      iconButton("Zoom out", "minus", () => stage.zoomBy(1 / ZOOM), "Shift+Z"),
      this.#whole,
      iconButton("Zoom in", "plus", () => stage.zoomBy(ZOOM), "Z"),
    ];
    const face = { class: "icon-button", title: "View", "aria-label": "View" };
    return panel("View", [buttonRow("Zoom", buttons)], icon("zoom"), face);
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

/** Not scrollIntoView, which would scroll the page too. */
function bringIntoView(label) {
  const group = label.parentElement;
  group.scrollLeft += middleOf(label) - middleOf(group);
}

function middleOf(node) {
  const { left, width } = node.getBoundingClientRect();
  return left + width / 2;
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

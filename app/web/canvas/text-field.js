import { element } from "../views/element.js";
import { textStyle } from "./text-layout.js";

/** A transparent textarea over a text: the canvas shows the letters, the field the caret. */
export class TextField {
  #editor;
  #stage;
  #field = null;

  constructor(editor, stage) {
    this.#editor = editor;
    this.#stage = stage;
  }

  get isOpen() {
    return this.#field !== null;
  }

  open() {
    const oninput = () => this.#editor.change({ text: this.#field.value }, "typing");
    const look = { class: "canvas-text", maxlength: 500, spellcheck: "false", dir: "auto" };
    const onkeydown = (event) => this.#onKey(event);
    const label = { "aria-label": "Text" };
    this.#field = element("textarea", { ...look, ...label, oninput, onkeydown, onblur: () => this.close() });
    this.#field.value = this.#editor.selected[0].text;
    this.#stage.node.append(this.#field);
    this.#field.focus({ preventScroll: true });
    this.#field.select();
  }

  /** Moves the field over the text. */
  place({ x, y, width, height, ...object }) {
    const { view } = this.#stage;
    const { scale } = view;
    const corner = view.toStage({ x: x - width / 2, y: y - height / 2 });
    Object.assign(this.#field.style, textStyle(object, scale), {
      left: `${corner.x}px`,
      top: `${corner.y}px`,
      width: `${width * scale}px`,
      height: `${height * scale}px`,
      rotate: `${object.angle}deg`,
    });
  }

  close() {
    const field = this.#field;
    if (!field) return;
    const focused = document.activeElement === field;
    this.drop();
    this.#editor.finishText(field.value);
    if (focused) this.#stage.node.focus({ preventScroll: true });
  }

  /** Closes the field of a text that is gone. */
  drop() {
    const field = this.#field;
    this.#field = null;
    field?.remove();
  }

  #onKey(event) {
    event.stopPropagation();
    if (event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey))) {
      event.preventDefault();
      this.close();
    }
  }
}

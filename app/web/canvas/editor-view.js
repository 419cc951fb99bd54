import { element } from "../views/element.js";
import { labelOf } from "./descriptions.js";
import { Inspector } from "./inspector.js";
import { HELP, Keyboard, listenForUndo } from "./keyboard.js";
import { acceptPictures } from "./picture-input.js";
import { Pointer } from "./pointer.js";
import { Stage } from "./stage.js";
import { TextField } from "./text-field.js";
import { Toolbar } from "./toolbar.js";

/** The editor on the page: toolbar, stage, inspector and messages for screen readers. */
export class EditorView {
  #editor;
  #stage = new Stage(() => this.show());
  #field;
  #toolbar;
  #inspector;
  #live = element("p", { class: "unseen", role: "status" });
  #empty = element("p", { class: "canvas-note" }, "Drop or paste a picture, or add a text");

  constructor(host, editor) {
    this.#editor = editor;
    const choosePicture = acceptPictures(host, editor);
    this.#field = new TextField(editor, this.#stage);
    this.#toolbar = new Toolbar(editor, choosePicture);
    this.#inspector = new Inspector(editor, choosePicture);
    new Keyboard(editor, this.#stage, new Pointer(editor, this.#stage));
    listenForUndo(host, editor);
    this.#assemble(host);
  }

  show() {
    const { scene, selected, guides } = this.#editor;
    this.#stage.show({ scene, guides, object: this.#field.isOpen ? undefined : selected });
    this.#stage.node.ariaLabel = labelOf(this.#editor);
    this.#empty.hidden = !this.#editor.isEmpty;
    if (this.#field.isOpen) this.#field.place(selected);
    this.#toolbar.update();
    this.#inspector.update();
  }

  openText() {
    this.#field.open();
    this.show();
  }

  closeText() {
    this.#field.close();
  }

  focus() {
    this.#stage.node.focus({ preventScroll: true });
  }

  focusStyle() {
    this.#inspector.focus();
  }

  announce(text) {
    this.#live.textContent = text;
  }

  #assemble(host) {
    const stage = this.#stage.node;
    const help = element("p", { id: "canvas-help", hidden: true }, HELP);
    stage.setAttribute("aria-describedby", help.id);
    stage.append(this.#empty, element("p", { class: "canvas-note canvas-landing" }, "Drop the picture"));
    this.#inspector.node.addEventListener("keydown", ({ key, currentTarget }) => {
      if (key === "Escape" && !currentTarget.querySelector(":popover-open")) this.focus();
    });
    host.classList.add("canvas-editor");
    host.append(
      this.#toolbar.node,
      element("div", { class: "canvas-stage" }, stage),
      this.#inspector.node,
      this.#live,
      help,
    );
  }
}

import { element } from "../views/element.js";
import { labelOf } from "./descriptions.js";
import { Inspector } from "./inspector.js";
import { HELP, Keyboard, listenForShortcuts } from "./keyboard.js";
import { acceptPictures } from "./picture-input.js";
import { Pointer } from "./pointer.js";
import { RatioOffer } from "./ratio-offer.js";
import { Stage } from "./stage.js";
import { TextField } from "./text-field.js";
import { Toolbar } from "./toolbar.js";
import { ViewGestures } from "./view-gestures.js";

/** The editor on the page: toolbar, stage, inspector and messages for screen readers. */
export class EditorView {
  #editor;
  #stage = new Stage(() => this.show());
  #field;
  #toolbar;
  #inspector;
  #offer;
  #live = element("p", { class: "unseen", role: "status" });
  #empty = element("p", { class: "canvas-note" }, "Drop or paste a picture, or add a text");

  constructor(host, editor) {
    this.#editor = editor;
    const choosePictures = acceptPictures(host, editor);
    this.#field = new TextField(editor, this.#stage);
    this.#toolbar = new Toolbar(editor, this.#stage, choosePictures);
    this.#inspector = new Inspector(editor, choosePictures);
    this.#offer = new RatioOffer(editor);
    const pointer = new Pointer(editor, this.#stage);
    new ViewGestures(editor, this.#stage, pointer);
    new Keyboard(editor, this.#stage, pointer);
    listenForShortcuts(host, editor);
    editor.clipboard.listen(host);
    this.#assemble(host);
  }

  show() {
    const { scene, selected, isCropping, guides, marquee } = this.#editor;
    if (selected[0]?.kind !== "text") this.#field.drop(); // another scene is shown
    const shown = { scene, isCropping, guides, marquee };
    this.#stage.show({ ...shown, selected: this.#field.isOpen ? [] : selected });
    this.#stage.node.ariaLabel = labelOf(this.#editor);
    this.#empty.hidden = !this.#editor.isEmpty;
    if (this.#field.isOpen) this.#field.place(selected[0]);
    this.#toolbar.update();
    this.#inspector.update();
    this.#offer.update();
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

  offerRatio() {
    this.#offer.make();
  }

  announce(text) {
    this.#live.textContent = text;
  }

  #assemble(host) {
    const stage = this.#stage.node;
    const help = element("p", { id: "canvas-help", hidden: true }, HELP);
    stage.setAttribute("aria-describedby", help.id);
    stage.append(this.#empty, element("p", { class: "canvas-note canvas-landing" }, "Drop the picture"));
    for (const row of [this.#toolbar.node, this.#inspector.node]) row.addEventListener("focusin", showWhole);
    for (const node of [this.#inspector.node, this.#offer.node]) {
      node.addEventListener("keydown", ({ key, currentTarget }) => {
        if (key === "Escape" && !currentTarget.querySelector(":popover-open")) this.focus();
      });
    }
    host.classList.add("canvas-editor");
    host.append(
      this.#toolbar.node,
      element("div", { class: "canvas-middle" }, stage, this.#offer.node),
      this.#inspector.node,
      this.#live,
      help,
    );
  }
}

/** Browsers leave a control that gets the focus half hidden at the edge of a row that scrolls. */
function showWhole({ target }) {
  if (target.matches(":focus-visible")) target.scrollIntoView({ block: "nearest", inline: "nearest" });
}

import { icon } from "../icons.js";
import { element } from "../views/element.js";
import { panel } from "./controls.js";
import { nameOf } from "./descriptions.js";

/** A list of all objects, front to back, where any of them can be selected, also several or covered ones. */
export class LayersPanel {
  #editor;
  #list = element("ul", { class: "canvas-layers" });
  #shown = "";
  node = panel("Layers", [this.#list], icon("layers"), {
    class: "icon-button",
    title: "Layers",
    "aria-label": "Layers",
  });

  constructor(editor) {
    this.#editor = editor;
  }

  update() {
    const { scene, selection } = this.#editor;
    const objects = scene.objects.toReversed();
    const shown = JSON.stringify(objects.map((object) => [object.id, nameOf([object])]));
    if (shown !== this.#shown) this.#list.replaceChildren(...this.#rows(objects));
    this.#shown = shown;
    for (const box of this.#list.querySelectorAll("input")) box.checked = selection.includes(+box.value);
  }

  #rows(objects) {
    if (objects.length === 0) return [element("li", {}, "The canvas is empty")];
    return objects.map((object) => {
      const box = element("input", { type: "checkbox", value: object.id, onchange: () => this.#select() });
      return element("li", {}, element("label", { class: "canvas-layer-name" }, box, nameOf([object])));
    });
  }

  #select() {
    const boxes = [...this.#list.querySelectorAll("input:checked")];
    this.#editor.select(boxes.map(({ value }) => +value));
  }
}

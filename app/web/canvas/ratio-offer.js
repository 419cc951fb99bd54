import { element } from "../views/element.js";
import { closestAspect } from "./scene.js";

/** Offers to give the canvas the ratio closest to its first picture, until anything else is done. */
export class RatioOffer {
  #editor;
  #picture = null;
  #aspect;
  #words = element("span");
  #accept = element("button", { type: "button", class: "button", onclick: () => this.#take() });
  #refuse = element("button", { type: "button", class: "button quiet", onclick: () => this.#end() });
  node = element(
    "div",
    { class: "canvas-offer", role: "group", "aria-label": "Ratio of the picture", hidden: true },
    this.#words,
    this.#accept,
    this.#refuse,
  );

  constructor(editor) {
    this.#editor = editor;
  }

  /** Makes the offer for the picture that is selected. */
  make() {
    const { selected, aspect: kept } = this.#editor;
    const { source } = selected[0];
    const aspect = closestAspect(source, [kept, ...this.#editor.wantedAspects]);
    if (aspect === kept) return;
    [this.#picture] = selected;
    this.#aspect = aspect;
    const own = closestAspect(source);
    const reason = aspect === own ? "" : ", which this template does not make";
    this.#words.textContent = `This picture is about ${own}${reason}.`;
    this.#accept.textContent = `Set the canvas to ${aspect}`;
    this.#refuse.textContent = `Keep ${kept}`;
    this.update();
    this.#editor.announce(`Picture placed. ${this.#words.textContent} The canvas can have ${aspect}`);
  }

  /** Ends the offer when the picture was changed or is no longer selected: scenes are immutable. */
  update() {
    const { selected } = this.#editor;
    if (selected.length !== 1 || selected[0] !== this.#picture) this.#picture = null;
    this.node.hidden = !this.#picture;
  }

  #take() {
    this.#editor.cover(this.#picture, this.#aspect);
    this.#end();
  }

  #end() {
    this.#picture = null;
    this.update();
    this.#editor.focus();
  }
}

import { element } from "./element.js";
import { betterRatios, ratiosOf } from "./ratios.js";

const list = new Intl.ListFormat("en");
const OFFERS = 2;

/** Says what becomes of a canvas whose ratio a template does not make, and offers others. */
export class RatioNote {
  #parts;
  #editor;
  #next;

  /** @param {HTMLElement} next gets the focus when the note has done its work */
  constructor(parts, editor, next) {
    this.#parts = parts;
    this.#editor = editor;
    this.#next = next;
  }

  show(template) {
    const { aspect } = this.#editor;
    const better = betterRatios(template, aspect);
    this.#parts.ratioNote.hidden = better === null;
    if (!better) return;
    const text = `${template.title} makes ${list.format(ratiosOf(template))} videos. The model may crop your ${aspect} canvas.`;
    if (this.#parts.ratioText.textContent === text) return;
    this.#parts.ratioText.textContent = text;
    this.#parts.ratioOffers.replaceChildren(...better.slice(0, OFFERS).map((each) => this.#offer(each)));
  }

  #offer(aspect) {
    const onclick = () => {
      this.#editor.aspect = aspect;
      this.#next.focus();
    };
    return element("button", { class: "button", type: "button", onclick }, `Use ${aspect}`);
  }
}

import { Router } from "../router.js";
import { credits } from "./format.js";
import { sectionOf, cloneTemplate } from "./parts.js";

/** The templates, each with its preview video. */
export class GalleryView {
  #catalogue;
  #previews;
  #parts = sectionOf("templates");
  /** The templates that are shown. */
  #shown;

  constructor({ catalogue }, previews) {
    this.#catalogue = catalogue;
    this.#previews = previews;
    this.#shown = catalogue.templates;
  }

  /** Fills the gallery when it is first shown, because each preview costs time. */
  enter() {
    const { templates } = this.#catalogue;
    if (templates === this.#shown) return;
    this.#shown = templates;
    this.#parts.gallery.replaceChildren(...templates.map((template) => this.#card(template)));
  }

  #card({ slug, title, description, modelName, credits: price }) {
    const card = cloneTemplate("card");
    card.title.href = Router.link("studio", { template: slug });
    card.title.textContent = title;
    card.text.textContent = description;
    card.model.textContent = modelName;
    card.cost.textContent = credits(price);
    this.#previews.show(card.preview, slug);
    return card.root;
  }
}

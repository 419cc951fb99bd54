import { Router } from "../router.js";
import { credits } from "./format.js";
import { sectionOf, cloneTemplate } from "./parts.js";

/** Shows the templates, each with its preview video. */
export function showGallery(templates, previews) {
  const cards = templates.map(({ slug, title, description, modelName, credits: price }) => {
    const card = cloneTemplate("card");
    card.title.href = Router.link("studio", { template: slug });
    card.title.textContent = title;
    card.text.textContent = description;
    card.model.textContent = modelName;
    card.cost.textContent = credits(price);
    previews.show(card.preview, slug);
    return card.root;
  });
  sectionOf("templates").gallery.replaceChildren(...cards);
}

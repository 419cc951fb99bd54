import { stillUrl } from "./previews.js";

/** What each image shows; without the query, because each status has its addresses signed anew. */
const shown = new WeakMap();

/** Shows a job's picture, or its template's if there is none or it cannot be loaded. */
export function showPicture(image, { picture, templateSlug }) {
  const url = picture.url ?? stillUrl(templateSlug);
  const [address] = url.split("?");
  if (shown.get(image) === address) return;
  shown.set(image, address);
  image.onerror = () => {
    image.onerror = null;
    image.src = stillUrl(templateSlug);
  };
  image.src = url;
}

/** What a piece of the page is made of, by the names that index.html gives: its `data-part`s. */
export function partsOf(root) {
  const parts = { root };
  for (const part of root.querySelectorAll("[data-part]")) parts[part.dataset.part] = part;
  return parts;
}

/** A fresh copy of one of the page's templates, in parts. */
export function stamp(id) {
  return partsOf(document.getElementById(id).content.firstElementChild.cloneNode(true));
}

/** The section of a view, in parts. */
export function sectionOf(view) {
  return partsOf(document.querySelector(`[data-of="${view}"]`));
}

/** Out of use, yet focusable: whoever comes by keyboard can read why. */
export function disable(button, disabled) {
  button.ariaDisabled = disabled;
}

export function isDisabled(button) {
  return button.ariaDisabled === "true";
}

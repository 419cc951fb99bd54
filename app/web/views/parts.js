/** The elements inside `root` by their `data-part` names in index.html. */
export function partsOf(root) {
  const parts = { root };
  for (const part of root.querySelectorAll("[data-part]")) parts[part.dataset.part] = part;
  return parts;
}

/** Clones a `<template>` of index.html and returns its parts. */
export function cloneTemplate(id) {
  return partsOf(document.getElementById(id).content.firstElementChild.cloneNode(true));
}

/** The parts of a view's section. */
export function sectionOf(view) {
  return partsOf(document.querySelector(`[data-of="${view}"]`));
}

/** Disables a button but leaves it focusable, so that keyboard users can read why. */
export function disable(button, disabled) {
  button.ariaDisabled = disabled;
}

export function isDisabled(button) {
  return button.ariaDisabled === "true";
}

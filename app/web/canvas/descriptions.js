/** What screen readers announce about the canvas. */

import { boxOf } from "./selection.js";

/** The name of one object, or of several. */
export function nameOf([object, ...others]) {
  if (others.length) return `${others.length + 1} objects`;
  const { kind, text, isSample } = object;
  if (text) return `Text “${text.trim().slice(0, 40)}”`;
  return isSample ? "Sample picture" : kind[0].toUpperCase() + kind.slice(1);
}

export function measuresOf(objects) {
  const { x, y, width, height, angle, cut } = boxOf(objects);
  const exact = [x - width / 2, y - height / 2, width, height, angle];
  const [left, top, wide, high, degrees] = exact.map(Math.round);
  const cropped = cut && Object.entries(cut).filter(([, share]) => share > 0.005);
  const crop = (cropped ?? []).map(([side, share]) => `, ${side} ${Math.round(share * 100)} % cropped`);
  return `At ${left}, ${top}, ${wide} by ${high}, turned ${degrees} degrees${crop.join("")}`;
}

export function labelOf({ aspect, scene, selected }) {
  const contents = `Canvas ${aspect}, objects: ${scene.objects.length}`;
  return selected.length ? `${contents}. ${nameOf(selected)} selected` : contents;
}

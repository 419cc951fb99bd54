/**
 * What a drag does. Each function starts one at a point of the frame, and returns what applies each
 * further point.
 */

import { snap } from "./geometry.js";
import { resized, rotated } from "./handles.js";
import { cropped, panned } from "./picture-placement.js";
import { change, frameOf } from "./scene.js";
import { boxOf, carried, touchedBy } from "./selection.js";

const KEY = "drag"; // all points of a drag are one undo step

export function dragSelection(editor, view, from) {
  const { scene, selection, selected } = editor;
  const box = boxOf(selected);
  const others = scene.objects.filter(({ id }) => !selection.includes(id));
  const moveBy = ({ x, y }) =>
    editor.apply(
      change(scene, selection, (object) => ({ x: object.x + x - box.x, y: object.y + y - box.y })),
      KEY,
    );
  return (point, { altKey }) => {
    const unsnapped = { x: box.x + point.x - from.x, y: box.y + point.y - from.y };
    if (altKey) return moveBy(unsnapped);
    const { place, guides } = snap({ ...box, ...unsnapped }, others, frameOf(scene), view.scale);
    editor.guide(guides);
    return moveBy(place);
  };
}

export function dragHandle(editor, handle) {
  const { scene, selection, selected, isCropping } = editor;
  const box = boxOf(selected);
  const put = (patch) => editor.apply(change(scene, selection, patch), KEY);
  const isSide = !handle.across || !handle.down;
  if (handle.rotates) return (point, { shiftKey }) => put(rotated(box, handle, point, shiftKey));
  if (box.kind === "picture" && (isCropping || isSide)) {
    return (point) => put(cropped(box, handle, point));
  }
  return (point, { shiftKey }) => {
    const to = resized(box, handle, point, shiftKey);
    return put(box.kind === "group" ? carried(box, to) : to);
  };
}

/** Moves a picture inside its crop. */
export function dragInsideCrop(editor, from) {
  const { scene, selection } = editor;
  return ({ x, y }) => {
    const by = { x: x - from.x, y: y - from.y };
    editor.apply(change(scene, selection, (picture) => panned(picture, by)), KEY);
  };
}

/** Selects what a rectangle touches, besides what was selected before if `keeps`. */
export function dragMarquee(editor, from, keeps) {
  const before = keeps ? editor.selection : [];
  return ({ x, y }) => {
    const [left, right] = [Math.min(from.x, x), Math.max(from.x, x)];
    const [top, bottom] = [Math.min(from.y, y), Math.max(from.y, y)];
    const touched = touchedBy(editor.scene.objects, { left, top, right, bottom });
    editor.selectQuietly([...new Set([...before, ...touched.map(({ id }) => id)])]);
    editor.guide([], { left, top, right, bottom });
  };
}

/** Two fingers on the selection scale and move it. */
export function pinchSelection(editor) {
  const { scene, selection, selected } = editor;
  const box = boxOf(selected);
  return (factor, from, to) => {
    const middle = {
      x: to.x + (box.x - from.x) * factor,
      y: to.y + (box.y - from.y) * factor,
    };
    const grown = { ...middle, width: box.width * factor };
    editor.apply(change(scene, selection, carried(box, grown)), KEY);
  };
}

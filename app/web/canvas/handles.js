/** The handles of the selection's box: where they are, and what dragging them does. */

import { fromLocal, toLocal } from "./geometry.js";
import { scaled } from "./scene.js";

const DIRECTIONS = [[-1, -1], [1, -1], [1, 1], [-1, 1], [0, -1], [1, 0], [0, 1], [-1, 0]];
const MIN_SIDE = 56; // CSS pixels; a shorter side has no handle
const ROTATE_DISTANCE = 26; // CSS pixels from the edge to the rotation handle
const EDGE = 10; // CSS pixels; the rotation handle is not closer to the edge of the stage
const REACH = { mouse: 14, touch: 22, onSmall: 7 }; // CSS pixels around a handle

/**
 * All handles as `{x, y}` in the frame, with `across` and `down`, or with `rotates`. `view` is what
 * the stage shows, with its scale.
 */
export function handlesOf(box, view) {
  const { kind, width, height } = box;
  const has = ([across, down]) => {
    if (kind === "line") return !down;
    if (kind === "text") return across && (down || height * view.scale >= 2 * REACH.mouse);
    if (kind === "group") return across && down;
    return (across && down) || (across ? height : width) * view.scale >= MIN_SIDE;
  };
  const handles = DIRECTIONS.filter(has).map(([across, down]) => ({
    across,
    down,
    ...fromLocal(box, { x: (across * width) / 2, y: (down * height) / 2 }),
  }));
  return kind === "group" ? handles : [rotationHandle(box, view), ...handles];
}

/** Above the box, or where there is room on the stage: below it, or inside. */
function rotationHandle(box, { scale, visible }) {
  const half = box.height / 2;
  const distance = ROTATE_DISTANCE / scale;
  const places = [-half - distance, half + distance, -half + distance, half - distance].map((y) =>
    fromLocal(box, { x: 0, y }),
  );
  const inset = EDGE / scale;
  const lies = (at, start, end) => at > start + inset && at < end - inset;
  const isVisible = ({ x, y }) =>
    lies(x, visible.left, visible.right) && lies(y, visible.top, visible.bottom);
  return { rotates: true, ...(places.find(isVisible) ?? places[0]) };
}

/** The handle at a point, if any; inside a small box, the object has priority. */
export function handleAt(box, point, view, pointerType) {
  const { x, y } = toLocal(box, point);
  const inside = Math.abs(x) < box.width / 2 && Math.abs(y) < box.height / 2;
  const small = Math.min(box.width, box.height) * view.scale < MIN_SIDE;
  const reach = inside && small ? REACH.onSmall : (REACH[pointerType] ?? REACH.mouse);
  const distance = (handle) => Math.hypot(handle.x - point.x, handle.y - point.y) * view.scale;
  const [nearest] = handlesOf(box, view).sort((a, b) => distance(a) - distance(b));
  return distance(nearest) <= reach ? nearest : undefined;
}

/** The changes when a handle is dragged to a point; the opposite side stays in place. */
export function resized(box, { across, down }, point, shift) {
  const local = toLocal(box, point);
  const anchor = { x: (-across * box.width) / 2, y: (-down * box.height) / 2 };
  const width = across ? Math.max(4, (local.x - anchor.x) * across) : box.width;
  const height = down ? Math.max(4, (local.y - anchor.y) * down) : box.height;
  const patch =
    across && down && keepsRatio(box, shift)
      ? scaled(box, Math.max(width / box.width, height / box.height))
      : { width, height };
  const x = anchor.x + (across * patch.width) / 2;
  const y = anchor.y + (down * patch.height) / 2;
  return { ...patch, ...fromLocal(box, { x, y }) };
}

/** Corners of a rectangle are free, with Shift they keep its ratio; for other shapes it is reversed. */
function keepsRatio({ kind }, shift) {
  if (["text", "picture", "group"].includes(kind)) return true;
  return shift !== (kind !== "rectangle");
}

/** The angle that brings the rotation handle to a point; it snaps to right angles (Shift: to 15°). */
export function rotated(object, handle, point, shift) {
  const angleOf = ({ x, y }) => (Math.atan2(x - object.x, object.y - y) * 180) / Math.PI;
  const angle = object.angle + angleOf(point) - angleOf(handle);
  const step = shift ? 15 : 90;
  const snapped = Math.round(angle / step) * step;
  return { angle: shift || Math.abs(angle - snapped) < 3 ? snapped : Math.round(angle) };
}

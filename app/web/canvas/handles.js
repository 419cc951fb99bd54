/** The handles of a selected object: where they are, and what dragging them does. */

import { fromLocal, toLocal } from "./geometry.js";
import { scaled } from "./scene.js";

const DIRECTIONS = [[-1, -1], [1, -1], [1, 1], [-1, 1], [0, -1], [1, 0], [0, 1], [-1, 0]];
const MIN_SIDE = 56; // CSS pixels; a shorter side has no handle
const ROTATE_DISTANCE = 26; // CSS pixels from the upper edge to the rotation handle

/** All handles as `{x, y}` in the frame, with `across` and `down`, or with `rotates`. */
export function handlesOf(object, scale) {
  const { kind, width, height } = object;
  const has = ([across, down]) => {
    if (kind === "line") return !down;
    if (kind === "text") return across;
    return (across && down) || (across ? height : width) * scale >= MIN_SIDE;
  };
  const handles = DIRECTIONS.filter(has).map(([across, down]) => ({
    across,
    down,
    ...fromLocal(object, { x: (across * width) / 2, y: (down * height) / 2 }),
  }));
  const top = { x: 0, y: -height / 2 - ROTATE_DISTANCE / scale };
  return [{ rotates: true, ...fromLocal(object, top) }, ...handles];
}

/** The handle at a point, if any; inside a small object, the object has priority. */
export function handleAt(object, point, scale, pointerType) {
  const { x, y } = toLocal(object, point);
  const inside = Math.abs(x) < object.width / 2 && Math.abs(y) < object.height / 2;
  const small = Math.min(object.width, object.height) * scale < MIN_SIDE;
  const reach = inside && small ? 7 : pointerType === "touch" ? 22 : 14;
  const distance = (handle) => Math.hypot(handle.x - point.x, handle.y - point.y) * scale;
  const [nearest] = handlesOf(object, scale).sort((a, b) => distance(a) - distance(b));
  return distance(nearest) <= reach ? nearest : undefined;
}

/** The changes when a handle is dragged to a point; the opposite side stays in place. */
export function resized(object, { across, down }, point, shift) {
  const local = toLocal(object, point);
  const anchor = { x: (-across * object.width) / 2, y: (-down * object.height) / 2 };
  const width = across ? Math.max(4, (local.x - anchor.x) * across) : object.width;
  const height = down ? Math.max(4, (local.y - anchor.y) * down) : object.height;
  const keepsRatio = object.kind === "text" || shift !== (object.kind !== "rectangle");
  const patch =
    across && down && keepsRatio
      ? scaled(object, Math.max(width / object.width, height / object.height))
      : { width, height };
  const x = anchor.x + (across * patch.width) / 2;
  const y = anchor.y + (down * patch.height) / 2;
  return { ...patch, ...fromLocal(object, { x, y }) };
}

/** The angle that brings the rotation handle to a point; it snaps to right angles (Shift: to 15°). */
export function rotated(object, point, shift) {
  const angle = (Math.atan2(point.x - object.x, object.y - point.y) * 180) / Math.PI;
  const step = shift ? 15 : 90;
  const snapped = Math.round(angle / step) * step;
  return { angle: shift || Math.abs(angle - snapped) < 3 ? snapped : Math.round(angle) };
}

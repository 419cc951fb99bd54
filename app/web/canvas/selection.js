/** What is done to all selected objects together. */

import { extentOf } from "./geometry.js";
import { scaled } from "./scene.js";

/** The box of the objects, with handles of its own; a single object is its own box. */
export function boxOf(objects) {
  if (objects.length < 2) return objects[0];
  const { left, top, right, bottom } = boundsOf(objects);
  const middle = { x: (left + right) / 2, y: (top + bottom) / 2 };
  return { kind: "group", ...middle, width: right - left, height: bottom - top, angle: 0 };
}

/** The objects that a rectangle touches. */
export function touchedBy(objects, { left, top, right, bottom }) {
  return objects.filter((object) => {
    const bounds = boundsOf([object]);
    const across = bounds.left < right && bounds.right > left;
    return across && bounds.top < bottom && bounds.bottom > top;
  });
}

/** Returns the changes of each object when the box of all becomes another one of the same shape. */
export function carried(from, to) {
  const factor = to.width / from.width;
  return (object) => ({
    ...scaled(object, factor),
    x: to.x + (object.x - from.x) * factor,
    y: to.y + (object.y - from.y) * factor,
  });
}

/**
 * Returns the changes of each object when it is aligned: to the frame if there is one, else to the
 * box of all. `edge` is "left", "right", "top", "bottom", "centre" or "middle".
 */
export function aligned(objects, frame, edge) {
  const whole = { left: 0, top: 0, right: frame.width, bottom: frame.height };
  const { left, top, right, bottom } = objects.length > 1 ? boundsOf(objects) : whole;
  return (object) => {
    const extent = extentOf(object);
    return {
      left: { x: left + extent.x },
      centre: { x: (left + right) / 2 },
      right: { x: right - extent.x },
      top: { y: top + extent.y },
      middle: { y: (top + bottom) / 2 },
      bottom: { y: bottom - extent.y },
    }[edge];
  };
}

function boundsOf(objects) {
  const boxes = objects.map((object) => ({ ...object, extent: extentOf(object) }));
  return {
    left: Math.min(...boxes.map(({ x, extent }) => x - extent.x)),
    top: Math.min(...boxes.map(({ y, extent }) => y - extent.y)),
    right: Math.max(...boxes.map(({ x, extent }) => x + extent.x)),
    bottom: Math.max(...boxes.map(({ y, extent }) => y + extent.y)),
  };
}

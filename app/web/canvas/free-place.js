/** Where a new object is put, so that it hides no other one of the same size. */

import { extentOf } from "./geometry.js";

const STEP = 32; // pixels of the frame
const SAME = STEP / 2; // pixels between two centres that are taken for one

/** A place in the frame, as near as possible to the object's, with no other object's centre. */
export function freePlace(object, others, frame) {
  const taken = others.filter((other) => !isGround(other, frame));
  const isFree = ({ x, y }) => !taken.some((other) => Math.hypot(other.x - x, other.y - y) < SAME);
  return places(object, frame).find(isFree) ?? { x: object.x, y: object.y };
}

/** What spans the frame is what others are put on. */
function isGround({ width, height }, frame) {
  return width > frame.width - 1 || height > frame.height - 1;
}

/** Every place that keeps the object inside the frame; first along a diagonal, then by their distance. */
function places(object, frame) {
  const reach = extentOf(object);
  const steps = (axis, length) => {
    const most = Math.max(0, Math.floor((length / 2 - reach[axis]) / STEP));
    return Array.from({ length: 2 * most + 1 }, (_, index) => index - most);
  };
  const down = steps("y", frame.height);
  const grid = steps("x", frame.width).flatMap((across) => down.map((each) => ({ across, down: each })));
  return grid
    .sort((one, other) => rank(one) - rank(other))
    .map(({ across, down: below }) => ({ x: object.x + across * STEP, y: object.y + below * STEP }));
}

function rank({ across, down }) {
  return across === down && across >= 0 ? -1 / (1 + across) : Math.hypot(across, down);
}

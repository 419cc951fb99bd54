const SNAP_DISTANCE = 7; // CSS pixels

export function rotate({ x, y }, degrees) {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return { x: x * cos - y * sin, y: x * sin + y * cos };
}

/** Converts frame coordinates to the object's own, whose origin is its centre. */
export const toLocal = (object, { x, y }) => rotate({ x: x - object.x, y: y - object.y }, -object.angle);

export function fromLocal(object, point) {
  const { x, y } = rotate(point, object.angle);
  return { x: x + object.x, y: y + object.y };
}

/** Half the sides of the bounding box of a rotated object. */
export function extentOf({ width, height, angle }) {
  const corners = [1, -1].map((side) => rotate({ x: width / 2, y: (height / 2) * side }, angle));
  const reach = (axis) => Math.max(...corners.map((corner) => Math.abs(corner[axis])));
  return { x: reach("x"), y: reach("y") };
}

/**
 * Snaps a moved object to the edges and centres of the frame and of the other objects. Returns its
 * place, and the guides to show as `{axis, at}`.
 */
export function snap(object, others, frame, scale) {
  const place = { x: object.x, y: object.y };
  const guides = [];
  for (const [axis, length] of [["x", frame.width], ["y", frame.height]]) {
    const lines = [0, length / 2, length, ...others.flatMap((other) => edges(other, axis))];
    const candidates = edges(object, axis).flatMap((edge) => lines.map((at) => ({ at, by: at - edge })));
    const nearest = candidates.reduce((a, b) => (Math.abs(b.by) < Math.abs(a.by) ? b : a));
    if (Math.abs(nearest.by) > SNAP_DISTANCE / scale) continue;
    place[axis] += nearest.by;
    guides.push({ axis, at: nearest.at });
  }
  return { place, guides };
}

/** Start, middle and end of the bounding box along an axis. */
function edges(object, axis) {
  const reach = extentOf(object)[axis];
  return [object[axis] - reach, object[axis], object[axis] + reach];
}

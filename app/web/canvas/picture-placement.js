/** Where a picture lies in the frame, and how much of it is cropped. */

import { fromLocal, rotate, toLocal } from "./geometry.js";

/** The shares of the whole picture that are cropped from each side, as it is seen. */
export const NO_CUT = { left: 0, right: 0, top: 0, bottom: 0 };
const MOST_CUT = 0.95; // of a side
const OPPOSITE = { left: "right", right: "left", top: "bottom", bottom: "top" };

/** The changes that show a picture whole in the frame, as large as possible. */
export const fitted = (picture, frame) => placed(picture, frame, Math.min);

/** The changes that let a picture cover the frame; what lies beyond is seen while it is selected. */
export const filled = (picture, frame) => placed(picture, frame, Math.max);

function placed({ width, height }, frame, choose) {
  const factor = choose(frame.width / width, frame.height / height);
  const middle = { x: frame.width / 2, y: frame.height / 2 };
  return { width: width * factor, height: height * factor, ...middle, angle: 0 };
}

/** Whether a picture covers the whole frame. */
export function covers({ x, y, width, height, angle }, frame) {
  const reaches = (at, side, length) => at - side / 2 < 1 && at + side / 2 > length - 1;
  return angle === 0 && reaches(x, width, frame.width) && reaches(y, height, frame.height);
}

/** The changes that let a picture that covers a frame cover another one; null if it does not cover. */
export function refilled(picture, from, to) {
  if (!covers(picture, from)) return null;
  const surplus = Math.min(picture.width / from.width, picture.height / from.height);
  const { width, height } = filled(picture, to);
  const size = { width: width * surplus, height: height * surplus };
  const place = (axis, side) => {
    const room = picture[side] - from[side];
    const share = room < 1 ? 0.5 : (picture[side] / 2 - picture[axis]) / room;
    return size[side] / 2 - share * (size[side] - to[side]);
  };
  return { ...size, x: place("x", "width"), y: place("y", "height") };
}

/** The picture without its crop: what is cropped lies around the rest. */
export function wholeOf(picture) {
  const { left, right, top, bottom } = picture.cut;
  const width = picture.width / (1 - left - right);
  const height = picture.height / (1 - top - bottom);
  const middle = { x: ((right - left) / 2) * width, y: ((bottom - top) / 2) * height };
  return { ...picture, width, height, ...fromLocal(picture, middle), cut: NO_CUT };
}

/** The changes that crop sides of a picture to new shares; the rest stays in its place. */
export function cutTo(picture, sides) {
  const cut = { ...picture.cut };
  for (const [side, share] of Object.entries(sides)) {
    cut[side] = Math.min(Math.max(share, 0), MOST_CUT - cut[OPPOSITE[side]]);
  }
  const whole = wholeOf(picture);
  const middle = {
    x: ((cut.left - cut.right) / 2) * whole.width,
    y: ((cut.top - cut.bottom) / 2) * whole.height,
  };
  const width = whole.width * (1 - cut.left - cut.right);
  const height = whole.height * (1 - cut.top - cut.bottom);
  return { cut, width, height, ...fromLocal(whole, middle) };
}

/** The changes when a handle of the crop is dragged to a point. */
export function cropped(picture, { across, down }, point) {
  const whole = wholeOf(picture);
  const { x, y } = toLocal(whole, point);
  const sides = {};
  if (across) sides[across < 0 ? "left" : "right"] = 0.5 + (across < 0 ? x : -x) / whole.width;
  if (down) sides[down < 0 ? "top" : "bottom"] = 0.5 + (down < 0 ? y : -y) / whole.height;
  return cutTo(picture, sides);
}

/** The changes that move the picture inside its crop by pixels of the frame. */
export function panned(picture, by) {
  const whole = wholeOf(picture);
  const { x, y } = rotate(by, -picture.angle);
  const { left, right, top, bottom } = picture.cut;
  const across = Math.min(Math.max(x / whole.width, -right), left);
  const down = Math.min(Math.max(y / whole.height, -bottom), top);
  const cut = { left: left - across, right: right + across, top: top - down, bottom: bottom + down };
  return { cut };
}

/** The changes that mirror a picture, along x or y. */
export function flipped({ flipX, flipY, cut }, axis) {
  if (axis === "x") return { flipX: !flipX, cut: { ...cut, left: cut.right, right: cut.left } };
  return { flipY: !flipY, cut: { ...cut, top: cut.bottom, bottom: cut.top } };
}

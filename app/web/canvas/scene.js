/**
 * The canvas as data. Scenes are immutable: each edit returns a new one, and undo keeps the old.
 * Lengths are pixels of the frame, angles are degrees, opacity is percent; an object's x and y are
 * its centre; colours are lists of none, one, or a gradient's two ends. A picture's `source` is its
 * decoded file, which all scenes share.
 */

import { freePlace } from "./free-place.js";
import { extentOf } from "./geometry.js";
import { NO_CUT, refilled } from "./picture-placement.js";
import { fitText } from "./text-layout.js";

export const FRAMES = {
  "21:9": { width: 1280, height: 548 },
  "16:9": { width: 1280, height: 720 },
  "4:3": { width: 1280, height: 960 },
  "1:1": { width: 1280, height: 1280 },
  "4:5": { width: 1024, height: 1280 },
  "3:4": { width: 960, height: 1280 },
  "9:16": { width: 720, height: 1280 },
};
export const EMPTY = { aspect: "16:9", backdrop: ["#171226", "#4b2f7d"], objects: [] };
const MIN_SIDE = 4;
const MOST = { width: 4000, height: 4000, size: 800 };
const MOST_OF_PICTURE = 20_000; // a panorama that covers an upright frame
const TEXT_WIDTH = 717; // its letters are as large in every frame, so a narrow one gives it more of its width
const LOOK = { angle: 0, opacity: 100, shadow: false, stroke: ["#ffffff"], strokeWidth: 0 };
const KINDS = {
  text: {
    text: "Your text", size: 88, font: "sans", weight: 800, align: "center",
    fill: ["#ffffff"], stroke: ["#0e0b16"], shadow: true, width: 0.9,
  },
  rectangle: { fill: ["#8b6cff", "#ff5fb0"], width: 0.3, height: 0.17, radius: 24 },
  ellipse: { fill: ["#ffe08a", "#ff7a59"], width: 0.2, height: 0.2 },
  line: { fill: ["#ffffff"], width: 0.34, height: 0.008 },
  star: { fill: ["#ffe08a", "#ffb84d"], width: 0.22, height: 0.22 },
  picture: { cut: NO_CUT, flipX: false, flipY: false, radius: 0, width: 1, height: 1 },
};

export const frameOf = ({ aspect }) => FRAMES[aspect];

/** The aspect ratio that is closest to a picture's. */
export function closestAspect({ width, height }, aspects = Object.keys(FRAMES)) {
  const distance = (aspect) => {
    const frame = FRAMES[aspect];
    return Math.abs(Math.log((frame.width * height) / (frame.height * width)));
  };
  return aspects.reduce((a, b) => (distance(b) < distance(a) ? b : a));
}

/** Adds an object on top, in the middle of the frame or close to it; `look` overrides any property. */
export function withNew(scene, kind, look) {
  const frame = frameOf(scene);
  const shares = KINDS[kind];
  const width = Math.min(shares.width * frame.width, kind === "text" ? TEXT_WIDTH : Infinity);
  const size = { width, height: shares.height * frame.width || undefined };
  const id = 1 + Math.max(0, ...scene.objects.map((object) => object.id));
  const middle = { x: frame.width / 2, y: frame.height / 2 };
  const object = bounded({ ...LOOK, ...shares, ...size, ...middle, ...look, kind, id }, frame);
  const place = look?.x === undefined ? freePlace(object, scene.objects, frame) : {};
  return { ...scene, objects: [...scene.objects, { ...object, ...place }] };
}

/** Changes the objects that have one of the ids; `patch` is an object, or a function of each. */
export function change(scene, ids, patch) {
  const changed = (object) => {
    const changes = typeof patch === "function" ? patch(object) : patch;
    return bounded({ ...object, ...changes }, frameOf(scene));
  };
  const objects = scene.objects.map((each) => (ids.includes(each.id) ? changed(each) : each));
  return { ...scene, objects };
}

/** Moves objects together, `steps` layers to the front (negative: to the back). */
export function raise(scene, ids, steps) {
  const isMoved = ({ id }) => ids.includes(id);
  const others = scene.objects.filter((object) => !isMoved(object));
  const end = steps > 0 ? scene.objects.findLastIndex(isMoved) : scene.objects.findIndex(isMoved);
  const below = scene.objects.slice(0, end).filter((object) => !isMoved(object)).length;
  const at = within(below + steps, 0, others.length);
  return { ...scene, objects: others.toSpliced(at, 0, ...scene.objects.filter(isMoved)) };
}

/** The changes that scale an object by a factor. */
export function scaled(object, factor) {
  const parts = ["width", "height", "size", "radius", "strokeWidth"];
  return Object.fromEntries(
    parts.filter((part) => part in object).map((part) => [part, object[part] * factor]),
  );
}

/**
 * The scene in another aspect ratio. Objects keep their relative place and their share of the width.
 * A picture that covered the frame still covers it, and one that fitted into it still fits.
 */
export function reframed(scene, aspect) {
  const [from, to] = [frameOf(scene), FRAMES[aspect]];
  const across = to.width / from.width;
  const down = to.height / from.height;
  const moved = (object) => {
    const place = { x: object.x * across, y: object.y * down };
    if (object.kind !== "picture") return bounded({ ...object, ...scaled(object, across), ...place }, to);
    const fits = object.height <= from.height ? to.height / object.height : Infinity;
    const patch = refilled(object, from, to) ?? scaled(object, Math.min(across, fits));
    return bounded({ ...object, ...place, ...patch }, to);
  };
  return { ...scene, aspect, objects: scene.objects.map(moved) };
}

/**
 * Limits the size, gives a text its height, and keeps the centre where part of the object stays in
 * the frame, so that no object gets lost.
 */
function bounded(object, frame) {
  if (object.kind === "picture") boundPicture(object);
  for (const [part, most] of Object.entries(object.kind === "picture" ? {} : MOST)) {
    if (object[part] !== undefined) object[part] = within(object[part], MIN_SIDE, most);
  }
  object.angle = (object.angle + 360) % 360;
  const fitted = fitText(object);
  const extent = extentOf(fitted);
  const keep = (at, reach, length) => within(at, Math.min(0, length - reach), Math.max(length, reach));
  fitted.x = keep(fitted.x, extent.x, frame.width);
  fitted.y = keep(fitted.y, extent.y, frame.height);
  return fitted;
}

/** Limits both sides by one factor: a picture is never distorted. */
function boundPicture(picture) {
  const [short, long] = [picture.width, picture.height].sort((a, b) => a - b);
  const factor = Math.min(Math.max(1, MIN_SIDE / short), MOST_OF_PICTURE / long);
  if (factor !== 1) Object.assign(picture, scaled(picture, factor));
}

const within = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * The canvas as data. Scenes are immutable: each edit returns a new one, and undo keeps the old.
 * Lengths are pixels of the model's frame, angles are degrees, opacity and zoom are percent; an object's
 * x and y are its centre; colours are lists of none, one, or a gradient's two ends.
 */

export const BACKGROUND = 0; // the id of the picture
export const FRAMES = {
  "21:9": { width: 1280, height: 548 },
  "16:9": { width: 1280, height: 720 },
  "4:3": { width: 1280, height: 960 },
  "1:1": { width: 1280, height: 1280 },
  "4:5": { width: 1024, height: 1280 },
  "3:4": { width: 960, height: 1280 },
  "9:16": { width: 720, height: 1280 },
};
export const EMPTY = {
  aspect: "16:9",
  backdrop: ["#171226", "#4b2f7d"],
  picture: null,
  objects: [],
};
const SIZES = { width: 4000, height: 4000, size: 800 };
const LOOK = { angle: 0, opacity: 100, shadow: false, stroke: ["#ffffff"], strokeWidth: 0 };
const KINDS = {
  text: {
    text: "Your text", size: 88, font: "sans", weight: 800, align: "center",
    fill: ["#ffffff"], stroke: ["#0e0b16"], shadow: true, width: 0.56,
  },
  rectangle: { fill: ["#8b6cff", "#ff5fb0"], width: 0.3, height: 0.17, radius: 24 },
  ellipse: { fill: ["#ffe08a", "#ff7a59"], width: 0.2, height: 0.2 },
  line: { fill: ["#ffffff"], width: 0.34, height: 0.008 },
  star: { fill: ["#ffe08a", "#ffb84d"], width: 0.22, height: 0.22 },
};

/** The aspect ratio that is closest to a picture's. */
export function closestAspect({ width, height }) {
  const distance = (aspect) => {
    const frame = FRAMES[aspect];
    return Math.abs(Math.log((frame.width * height) / (frame.height * width)));
  };
  return Object.keys(FRAMES).reduce((a, b) => (distance(b) < distance(a) ? b : a));
}

/** Creates an object in the middle of the frame; `look` overrides any property. */
export function create({ aspect, objects }, kind, look) {
  const { width, height } = FRAMES[aspect];
  const shares = KINDS[kind];
  const size = { width: shares.width * width, height: shares.height * width || undefined };
  const id = 1 + Math.max(0, ...objects.map((object) => object.id));
  return { ...LOOK, ...shares, ...size, x: width / 2, y: height / 2, ...look, kind, id };
}

/** Changes an object. The id BACKGROUND means the picture, or the scene if it has none. */
export function change(scene, id, patch) {
  if (id === BACKGROUND && !scene.picture) return { ...scene, ...patch };
  if (id === BACKGROUND) {
    const picture = { ...scene.picture, ...patch };
    return { ...scene, picture: { ...picture, zoom: within(picture.zoom, 100, 400) } };
  }
  const changed = (object) => bounded({ ...object, ...patch }, FRAMES[scene.aspect]);
  return { ...scene, objects: scene.objects.map((each) => (each.id === id ? changed(each) : each)) };
}

/** Moves an object `steps` layers to the front (negative: to the back). */
export function raise(scene, id, steps) {
  const objects = scene.objects.filter((object) => object.id !== id);
  const from = scene.objects.findIndex((object) => object.id === id);
  objects.splice(within(from + steps, 0, objects.length), 0, scene.objects[from]);
  return { ...scene, objects };
}

/** The changes that scale an object by a factor. */
export function scaled(object, factor) {
  const parts = ["width", "height", "size", "radius", "strokeWidth"];
  return Object.fromEntries(
    parts.filter((part) => part in object).map((part) => [part, object[part] * factor]),
  );
}

/** The scene in another aspect ratio: objects keep their relative place and share of the width. */
export function reframed(scene, aspect) {
  const across = FRAMES[aspect].width / FRAMES[scene.aspect].width;
  const down = FRAMES[aspect].height / FRAMES[scene.aspect].height;
  const objects = scene.objects.map((object) => ({
    ...object,
    ...scaled(object, across),
    x: object.x * across,
    y: object.y * down,
  }));
  return { ...scene, aspect, objects };
}

/** Limits sizes, and keeps centres inside the frame so that no object gets lost. */
function bounded(object, { width, height }) {
  for (const [part, most] of Object.entries(SIZES)) {
    if (part in object) object[part] = within(object[part], 4, most);
  }
  object.x = within(object.x, 0, width);
  object.y = within(object.y, 0, height);
  object.angle = (object.angle + 360) % 360;
  return object;
}

const within = (value, low, high) => Math.min(Math.max(value, low), high);

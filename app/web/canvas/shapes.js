import { toLocal } from "./geometry.js";
import { frameOf } from "./scene.js";
import { eachLine } from "./text-layout.js";

const MIN_TARGET = { mouse: 24, touch: 44 }; // CSS pixels; thinner objects still react within it
const hitContext = document.createElement("canvas").getContext("2d");

const OUTLINES = {
  rectangle: boxOutline,
  line: boxOutline,
  ellipse: (path, { width, height }) =>
    path.ellipse(0, 0, width / 2, height / 2, 0, 0, 2 * Math.PI),
  star: starOutline,
  picture: boxOutline,
};

/** Draws the scene, back to front, in pixels of the frame. */
export function drawScene(context, scene) {
  const frame = frameOf(scene);
  context.fillStyle = paint(context, scene.backdrop, frame.width, frame.height, 0);
  context.fillRect(0, 0, frame.width, frame.height);
  for (const object of scene.objects) drawObject(context, object);
}

/** Whether a point of the frame is on the object, at `scale` CSS pixels per frame pixel. */
export function hits(object, point, scale, pointerType) {
  const { x, y } = toLocal(object, point);
  const slack = (MIN_TARGET[pointerType] ?? MIN_TARGET.mouse) / 2 / scale;
  const [wide, high] = [object.width / 2, object.height / 2];
  if (Math.abs(x) > Math.max(wide, slack) || Math.abs(y) > Math.max(high, slack)) return false;
  const coarse = Math.min(wide, high) < 2 * slack;
  return object.kind === "text" || coarse || hitContext.isPointInPath(outlineOf(object), x, y);
}

/** Draws an object; `share` of its opacity. */
export function drawObject(context, object, share = 1) {
  context.save();
  context.translate(object.x, object.y);
  context.rotate((object.angle * Math.PI) / 180);
  context.globalAlpha = (object.opacity / 100) * share;
  context.lineJoin = "round";
  context.lineWidth = object.strokeWidth;
  context.strokeStyle = paint(context, object.stroke, object.width, object.height);
  if (object.shadow) castShadow(context, object);
  if (object.kind === "picture") {
    drawPicture(context, object);
  } else {
    context.fillStyle = paint(context, object.fill, object.width, object.height);
    if (object.kind === "text") drawText(context, object);
    else drawShape(context, object);
  }
  context.restore();
}

/** Draws what is not cropped. A bitmap that is being decoded again is missing for a moment. */
function drawPicture(context, picture) {
  const { bitmap } = picture.source;
  if (!bitmap) return;
  if (picture.radius) drawClipped(context, picture, () => drawPixels(context, picture, bitmap));
  else drawPixels(context, picture, bitmap);
  context.shadowColor = "transparent";
  if (picture.strokeWidth > 0) context.stroke(outlineOf(picture));
}

function drawPixels(context, { width, height, cut, flipX, flipY }, bitmap) {
  const left = flipX ? cut.right : cut.left;
  const top = flipY ? cut.bottom : cut.top;
  const across = bitmap.width * (1 - cut.left - cut.right);
  const down = bitmap.height * (1 - cut.top - cut.bottom);
  const start = [bitmap.width * left, bitmap.height * top];
  context.save();
  context.scale(flipX ? -1 : 1, flipY ? -1 : 1);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, ...start, across, down, -width / 2, -height / 2, width, height);
  context.restore();
}

/** Draws inside the object's outline; the shadow is that of the outline. */
function drawClipped(context, object, draw) {
  const outline = outlineOf(object);
  if (object.shadow) context.fill(outline);
  context.save();
  context.shadowColor = "transparent";
  context.clip(outline);
  draw();
  context.restore();
}

function drawShape(context, object) {
  const outline = outlineOf(object);
  if (object.fill.length) {
    context.fill(outline);
    context.shadowColor = "transparent";
  }
  if (object.strokeWidth > 0) context.stroke(outline);
}

/** Draws the outline behind the letters, so that it does not cover them. */
function drawText(context, object) {
  if (object.strokeWidth > 0) {
    context.lineWidth = 2 * object.strokeWidth;
    eachLine(context, object, (line, x, y) => context.strokeText(line, x, y));
    context.shadowColor = "transparent";
  }
  eachLine(context, object, (line, x, y) => context.fillText(line, x, y));
}

/** Canvas shadows ignore the transform: they are in device pixels. */
function castShadow(context, object) {
  const { a, b } = context.getTransform();
  const scale = Math.hypot(a, b);
  const reach = Math.max(8, (object.size ?? Math.min(object.width, object.height)) * 0.2);
  context.shadowColor = "rgb(5 2 16 / 55%)";
  context.shadowBlur = reach * scale;
  context.shadowOffsetY = reach * 0.25 * scale;
}

function paint(context, colours, width, height, middle = 0.5) {
  if (colours.length < 2) return colours[0] ?? "transparent";
  const [left, top] = [-width * middle, -height * middle];
  const gradient = context.createLinearGradient(left, top, left + width, top + height);
  colours.forEach((colour, index) => gradient.addColorStop(index / (colours.length - 1), colour));
  return gradient;
}

function outlineOf(object) {
  const path = new Path2D();
  OUTLINES[object.kind](path, object);
  return path;
}

function boxOutline(path, { width, height, radius = height / 2 }) {
  path.roundRect(-width / 2, -height / 2, width, height, Math.min(radius, width / 2, height / 2));
}

function starOutline(path, { width, height }) {
  for (let tip = 0; tip < 10; tip += 1) {
    const reach = tip % 2 ? 0.21 : 0.5;
    const angle = (tip * Math.PI) / 5;
    path.lineTo(Math.sin(angle) * reach * width, -Math.cos(angle) * reach * height);
  }
  path.closePath();
}

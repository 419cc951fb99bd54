import { toLocal } from "./geometry.js";
import { FRAMES } from "./scene.js";
import { eachLine } from "./text-layout.js";

const MIN_TARGET = 24; // CSS pixels; thinner objects still react within it
const hitContext = document.createElement("canvas").getContext("2d");

const OUTLINES = {
  rectangle: boxOutline,
  line: boxOutline,
  ellipse: (path, { width, height }) =>
    path.ellipse(0, 0, width / 2, height / 2, 0, 0, 2 * Math.PI),
  star: starOutline,
};

/** Draws the scene, the picture first, in pixels of the frame. */
export function drawScene(context, scene) {
  const frame = FRAMES[scene.aspect];
  context.fillStyle = paint(context, scene.backdrop, frame.width, frame.height, 0);
  context.fillRect(0, 0, frame.width, frame.height);
  if (scene.picture) drawPicture(context, scene.picture, frame);
  for (const object of scene.objects) drawObject(context, object);
}

/** The drawn size of a picture: it covers the frame, and `zoom` enlarges it. */
export function coverOf(picture, frame) {
  const { width, height } = picture.bitmap;
  const scale = Math.max(frame.width / width, frame.height / height) * (picture.zoom / 100);
  return { width: width * scale, height: height * scale };
}

/** Whether a point of the frame is on the object, at `scale` CSS pixels per frame pixel. */
export function hits(object, point, scale) {
  const { x, y } = toLocal(object, point);
  const slack = MIN_TARGET / 2 / scale;
  const [wide, high] = [object.width / 2, object.height / 2];
  if (Math.abs(x) > Math.max(wide, slack) || Math.abs(y) > Math.max(high, slack)) return false;
  const coarse = Math.min(wide, high) < 2 * slack;
  return object.kind === "text" || coarse || hitContext.isPointInPath(outlineOf(object), x, y);
}

function drawPicture(context, picture, frame) {
  const { width, height } = coverOf(picture, frame);
  context.imageSmoothingQuality = "high";
  const [left, top] = [(frame.width - width) * picture.x, (frame.height - height) * picture.y];
  context.drawImage(picture.bitmap, left, top, width, height);
}

function drawObject(context, object) {
  context.save();
  context.translate(object.x, object.y);
  context.rotate((object.angle * Math.PI) / 180);
  context.globalAlpha = object.opacity / 100;
  context.lineJoin = "round";
  context.lineWidth = object.strokeWidth;
  context.strokeStyle = paint(context, object.stroke, object.width, object.height);
  context.fillStyle = paint(context, object.fill, object.width, object.height);
  if (object.shadow) castShadow(context, object);
  if (object.kind === "text") drawText(context, object);
  else drawShape(context, object);
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

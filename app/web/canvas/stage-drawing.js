/** Draws the stage: the scene, what is cut from the selection, its handles and the guides. */

import { fromLocal } from "./geometry.js";
import { handlesOf } from "./handles.js";
import { wholeOf } from "./picture-placement.js";
import { frameOf } from "./scene.js";
import { boxOf } from "./selection.js";
import { drawObject, drawScene } from "./shapes.js";

const CUT_OPACITY = 0.3; // of what lies outside the frame or the crop
const HANDLE = matchMedia("(pointer: coarse)").matches ? 8 : 5.5; // CSS pixels
const THIRDS = [1 / 3, 2 / 3];

export function drawScenery(context, view, { scene, selected, isCropping }) {
  const frame = frameOf(scene);
  const { left, top } = view.paper;
  context.translate(left, top);
  context.scale(view.scale, view.scale);
  context.save();
  clipToFrame(context, frame, view.visible, false);
  drawScene(context, scene);
  context.restore();
  context.save();
  clipToFrame(context, frame, view.visible, true);
  for (const object of selected) drawObject(context, object, CUT_OPACITY);
  context.restore();
  if (isCropping && selected[0]) drawCut(context, selected[0]);
}

/** Limits drawing to the frame, or to what is outside of it. */
function clipToFrame(context, { width, height }, { left, top, right, bottom }, outside) {
  context.beginPath();
  context.rect(0, 0, width, height);
  if (outside) context.rect(left, top, right - left, bottom - top);
  context.clip("evenodd");
}

/** Shows the cropped parts of a picture around it. */
function drawCut(context, picture) {
  drawObject(context, { ...wholeOf(picture), shadow: false, strokeWidth: 0, radius: 0 }, CUT_OPACITY);
  drawObject(context, picture);
}

export function drawOverlay(context, view, { scene, selected, isCropping, guides, marquee }) {
  const { color, caretColor } = getComputedStyle(context.canvas);
  context.strokeStyle = caretColor;
  drawGuides(context, view, frameOf(scene), guides);
  context.strokeStyle = color;
  if (marquee) drawMarquee(context, view, marquee);
  if (selected.length === 0) return;
  if (selected.length > 1) for (const object of selected) drawBox(context, view, object);
  const box = boxOf(selected);
  if (isCropping) drawThirds(context, view, box);
  drawBox(context, view, box);
  drawHandles(context, view, box);
}

function drawGuides(context, view, frame, guides) {
  for (const { axis, at } of guides) {
    const start = view.toStage(axis === "x" ? { x: at, y: 0 } : { x: 0, y: at });
    const end = view.toStage(axis === "x" ? { x: at, y: frame.height } : { x: frame.width, y: at });
    drawLine(context, start, end);
  }
}

function drawMarquee(context, view, { left, top, right, bottom }) {
  const start = view.toStage({ x: left, y: top });
  const [width, height] = [(right - left) * view.scale, (bottom - top) * view.scale];
  context.fillStyle = context.strokeStyle;
  context.globalAlpha = 0.15;
  context.fillRect(start.x, start.y, width, height);
  context.globalAlpha = 1;
  context.strokeRect(start.x, start.y, width, height);
}

function drawBox(context, view, box) {
  const corner = view.toStage(fromLocal(box, { x: -box.width / 2, y: -box.height / 2 }));
  context.save();
  context.translate(corner.x, corner.y);
  context.rotate((box.angle * Math.PI) / 180);
  context.lineWidth = 1.5;
  context.strokeRect(0, 0, box.width * view.scale, box.height * view.scale);
  context.restore();
}

function drawThirds(context, view, box) {
  const at = (x, y) => view.toStage(fromLocal(box, { x: (x - 0.5) * box.width, y: (y - 0.5) * box.height }));
  context.save();
  context.globalAlpha = 0.6;
  for (const share of THIRDS) {
    drawLine(context, at(share, 0), at(share, 1));
    drawLine(context, at(0, share), at(1, share));
  }
  context.restore();
}

function drawHandles(context, view, box) {
  context.shadowColor = "rgb(0 0 0 / 50%)";
  context.shadowBlur = 4;
  for (const { x, y, rotates } of handlesOf(box, view)) {
    const place = view.toStage({ x, y });
    context.fillStyle = rotates ? context.strokeStyle : "#fff";
    context.beginPath();
    context.arc(place.x, place.y, HANDLE, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}

function drawLine(context, start, end) {
  context.beginPath();
  context.moveTo(start.x, start.y);
  context.lineTo(end.x, end.y);
  context.stroke();
}

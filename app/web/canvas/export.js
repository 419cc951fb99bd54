import { FRAMES } from "./scene.js";
import { drawScene } from "./shapes.js";

const PREVIEW = 640; // pixels of the longer side
const PROBE = 16; // pixels
const QUALITY = 0.95;

/**
 * The scene as a picture whose longer side has `longSide` pixels: as a JPEG, a fifth of a PNG, unless
 * it needs an alpha channel. Safari makes a PNG when it is asked for WebP.
 */
export async function sceneToBlob(scene, { longSide, hasAlpha }) {
  const canvas = render(scene, longSide);
  const type = hasAlpha ? "image/webp" : "image/jpeg";
  const blob = await new Promise((resolve) => {
    canvas.toBlob(resolve, type, QUALITY);
  });
  if (blob) return blob;
  const refused = new Error("The browser could not turn the canvas into a picture.");
  refused.code = "image_unavailable";
  throw refused;
}

/** Throws if the scene cannot be drawn. */
export function tryToDraw(scene) {
  render(scene, PROBE);
}

/** A small picture of the scene as a data URL. */
export function scenePreviewUrl(scene) {
  return render(scene, PREVIEW).toDataURL("image/jpeg", 0.8);
}

function render(scene, longSide) {
  const { width, height } = FRAMES[scene.aspect];
  const scale = longSide / Math.max(width, height);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.scale(canvas.width / width, canvas.height / height);
  drawScene(context, scene);
  return canvas;
}

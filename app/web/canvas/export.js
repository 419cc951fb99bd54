import { FRAMES } from "./scene.js";
import { drawScene } from "./shapes.js";

const PREVIEW = 640; // pixels of the longer side

/** The scene as a PNG at the model's size: at most 6.6 MB, however noisy it is. */
export function blobOf(scene) {
  return new Promise((resolve, reject) => {
    const refused = new Error("This browser could not make a picture of the canvas.");
    refused.code = "image_unavailable";
    drawn(scene, 1).toBlob((blob) => (blob ? resolve(blob) : reject(refused)), "image/png");
  });
}

/** A small picture of the scene as a data URL. */
export function previewOf(scene) {
  const { width, height } = FRAMES[scene.aspect];
  return drawn(scene, PREVIEW / Math.max(width, height)).toDataURL("image/jpeg", 0.8);
}

function drawn(scene, scale) {
  const { width, height } = FRAMES[scene.aspect];
  const canvas = document.createElement("canvas");
  canvas.width = width * scale;
  canvas.height = height * scale;
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  drawScene(context, scene);
  return canvas;
}

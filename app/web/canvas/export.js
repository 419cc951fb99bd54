import { FRAMES } from "./scene.js";
import { drawScene } from "./shapes.js";

const PREVIEW = 640; // pixels of the longer side

/** The scene as a PNG at the model's size; at most 6.6 MB, even for noise. */
export function sceneToBlob(scene) {
  return new Promise((resolve, reject) => {
    const refused = new Error("The browser could not turn the canvas into a picture.");
    refused.code = "image_unavailable";
    render(scene, 1).toBlob((blob) => (blob ? resolve(blob) : reject(refused)), "image/png");
  });
}

/** A small picture of the scene as a data URL. */
export function scenePreviewUrl(scene) {
  const { width, height } = FRAMES[scene.aspect];
  return render(scene, PREVIEW / Math.max(width, height)).toDataURL("image/jpeg", 0.8);
}

function render(scene, scale) {
  const { width, height } = FRAMES[scene.aspect];
  const canvas = document.createElement("canvas");
  canvas.width = width * scale;
  canvas.height = height * scale;
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  drawScene(context, scene);
  return canvas;
}

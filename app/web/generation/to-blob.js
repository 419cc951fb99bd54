import { GenerationError } from "./errors.js";

/** Returns a blob unchanged, and a canvas (also an OffscreenCanvas) as a PNG. */
export async function toBlob(picture) {
  if (picture instanceof Blob) return picture;
  let blob;
  try {
    blob = await draw(picture);
  } catch (cause) {
    if (cause.name !== "SecurityError") throw cause;
    throw unavailable("The canvas contains a picture from another site and cannot be read.", cause);
  }
  if (!blob) throw unavailable("The canvas is empty or too large for this browser.");
  return blob;
}

function draw(canvas) {
  if (canvas.convertToBlob) return canvas.convertToBlob();
  return new Promise((resolve) => {
    canvas.toBlob(resolve);
  });
}

function unavailable(detail, cause) {
  return new GenerationError("image_unavailable", detail, { cause });
}

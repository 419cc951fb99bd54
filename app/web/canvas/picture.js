import { kindOf } from "./file-kind.js";
import { coverOf } from "./shapes.js";

const LONGEST = 4096; // pixels per side, the limit of phones
const MOST_PIXELS = 80_000_000; // four bytes each when decoded
const MOST_BYTES = 40 * 1024 * 1024;
const REFUSALS = {
  unsupported_image: "This file is not a picture. Use a PNG, JPEG or WebP.",
  invalid_image: "This picture cannot be read. It may be damaged.",
  image_too_large: "This picture is too large. Use one of at most 80 megapixels and 40 MB.",
};

/** Why a file is rejected; `code` is the service's code for the same problem. */
export class PictureRefused extends Error {
  constructor(code, message = REFUSALS[code]) {
    super(message);
    this.code = code;
  }
}

/** The refusal of a file that is not a picture for the browser; names what it is, if it can. */
async function refusalOf(blob, code) {
  const kind = await kindOf(blob).catch(() => undefined);
  if (!kind) return new PictureRefused(code);
  return new PictureRefused("unsupported_image", `This file is ${kind}. Save it as PNG, JPEG or WebP, and use that.`);
}

/** Decodes a file, upright and at most LONGEST pixels a side; rejects with PictureRefused. */
export async function decodePicture(blob) {
  // An SVG may taint the canvas, which could then not be exported.
  if (!/^image\/(?!svg)/.test(blob.type)) throw await refusalOf(blob, "unsupported_image");
  if (blob.size > MOST_BYTES) throw new PictureRefused("image_too_large");
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  try {
    await new Promise((onload, onerror) => Object.assign(image, { onload, onerror }));
    return { bitmap: await bitmapOf(image), blob, x: 0.5, y: 0.5, zoom: 100 };
  } catch (error) {
    throw error instanceof PictureRefused ? error : await refusalOf(blob, "invalid_image");
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

function bitmapOf(image) {
  const { naturalWidth: width, naturalHeight: height } = image;
  if (width * height > MOST_PIXELS) throw new PictureRefused("image_too_large");
  const share = Math.min(1, LONGEST / Math.max(width, height));
  return createImageBitmap(image, {
    resizeWidth: Math.max(1, Math.round(width * share)),
    resizeHeight: Math.max(1, Math.round(height * share)),
    resizeQuality: "high",
  });
}

/** The visible part (x and y from 0 to 1) after moving the picture by pixels of the frame. */
export function panned(picture, frame, by) {
  const cover = coverOf(picture, frame);
  const share = (at, moved, room) => (room < 1 ? at : Math.min(1, Math.max(0, at - moved / room)));
  return {
    x: share(picture.x, by.x, cover.width - frame.width),
    y: share(picture.y, by.y, cover.height - frame.height),
  };
}

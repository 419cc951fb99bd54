import { kindOf } from "./file-kind.js";

const LONGEST = 2048; // pixels of the longer side; the largest frame that is sent has 1920
const MOST_PIXELS = 80_000_000; // four bytes each when decoded
const MOST_BYTES = 40 * 1024 * 1024;
const REFUSALS = {
  unsupported_image: "This file is not a picture. Use a PNG, JPEG or WebP.",
  invalid_image: "This picture cannot be read. It may be damaged.",
  image_too_large: "This picture is too large. Use one of at most 80 megapixels and 40 MB.",
};
const HEIC =
  "This is a HEIC image, which this browser cannot open. On an iPhone or Mac, share or export it " +
  "from Photos as JPEG; on Windows, open it in Photos and save it as JPEG.";

/** Why a file is rejected; `code` is the service's code for the same problem. */
export class PictureRefused extends Error {
  constructor(code, message = REFUSALS[code]) {
    super(message);
    this.code = code;
  }
}

/**
 * Decodes a file that the browser can show, HEIC included if it can; upright and at most LONGEST
 * pixels a side. Rejects with PictureRefused.
 */
export async function decodePicture(blob) {
  // An SVG may taint the canvas, which could then not be exported. Some systems give HEIC no type.
  if (!/^(image\/(?!svg)|$)/.test(blob.type)) throw await refusalOf(blob);
  if (blob.size > MOST_BYTES) throw new PictureRefused("image_too_large");
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  try {
    await new Promise((onload, onerror) => Object.assign(image, { onload, onerror }));
    return await bitmapOf(image);
  } catch (error) {
    throw error instanceof PictureRefused ? error : await refusalOf(blob);
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

/** Names the kind of a file that this browser cannot open as a picture. */
async function refusalOf(blob) {
  const kind = await kindOf(blob);
  const message = `This is ${kind}, which cannot be used here. Save it as PNG, JPEG or WebP first.`;
  if (kind) return new PictureRefused("unsupported_image", kind === "a HEIC image" ? HEIC : message);
  return new PictureRefused(blob.type.startsWith("image/") ? "invalid_image" : "unsupported_image");
}

/** An image element tells its size before it is decoded: no bitmap of the full size is kept. */
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

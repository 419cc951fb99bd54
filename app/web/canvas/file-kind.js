/** What a file is, by its first bytes: the page's part of app/media/kinds.py. */

const START_BYTES = 1024;
const KINDS = [
  [/^GIF8/, "a GIF"],
  [/^BM/, "a BMP image"],
  [/^(II\*\0|MM\0\*|II\+\0)/, "a TIFF image"],
  [/^8BPS/, "a Photoshop file"],
  [/^%PDF/, "a PDF"],
  [/^(\xff\x0a|\0\0\0\x0cJXL )/, "a JPEG XL image"],
  [/^\0\0\0\x0cjP {2}/, "a JPEG 2000 image"],
  [/^\x1aE\xdf\xa3/, "a WebM or Matroska video"],
  [/^RIFF.{4}AVI /s, "an AVI video"],
  [/^.{4}ftyp(.{4}){0,12}avi[fs]/s, "an AVIF image"],
  [/^.{4}ftyp(.{4}){0,12}(hei[cxms]|hev[cxms]|mif1|msf1)/s, "a HEIC image"],
  [/^.{4}ftypqt /s, "a QuickTime video"],
  [/^.{4}ftyp/s, "an MP4 video"],
  [/^(\xef\xbb\xbf)?\s*<(?!(!doctype )?html\b)(.*<)?(\w+:)?svg[\s>/]/is, "an SVG drawing"],
];

/** @returns {Promise<string|undefined>} with its article; nothing for PNG, JPEG, WebP and unknown files */
export async function kindOf(blob) {
  const bytes = new Uint8Array(await blob.slice(0, START_BYTES).arrayBuffer());
  const start = String.fromCharCode(...bytes);
  return KINDS.find(([pattern]) => pattern.test(start))?.[1];
}

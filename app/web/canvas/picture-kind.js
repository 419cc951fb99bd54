const START = 1024; // bytes that are looked at
/** By how the file begins; brands: ISO/IEC 14496-12 section 4.3, ISO/IEC 23008-12 section 10. */
const KINDS = [
  [/^GIF8/, "a GIF"],
  [/^(II\*\0|MM\0\*)/, "a TIFF picture"],
  [/^%PDF/, "a PDF"],
  [/^.{4}ftyp.{0,48}avi[fs]/s, "an AVIF picture"],
  [/^.{4}ftyp.{0,48}(hei[cxms]|hev[cxms]|mif1|msf1)/s, "a HEIC photo"],
  [/^.{4}ftyp/s, "a video"],
  [/^\s*<(.*<)?svg[\s>]/s, "an SVG drawing"],
];

/** What a file is that cannot be opened as a picture; undefined if that is unknown. */
export async function kindOf(blob) {
  const bytes = new Uint8Array(await blob.slice(0, START).arrayBuffer());
  const start = String.fromCharCode(...bytes).replace("\u00ef\u00bb\u00bf", ""); // UTF-8's mark
  return KINDS.find(([beginning]) => beginning.test(start))?.[1];
}

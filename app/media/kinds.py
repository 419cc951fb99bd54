"""What a file is, by its first bytes: for messages about files of another kind than expected."""

import re

START_BYTES = 1024
"""That are looked at."""

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF",
    b"BM": "a BMP image",
    b"II*\0": "a TIFF image",
    b"MM\0*": "a TIFF image",
    b"II+\0": "a TIFF image",
    b"\0\0\1\0": "an icon (ICO)",
    b"8BPS": "a Photoshop file",
    b"%PDF": "a PDF",
    b"\xff\x0a": "a JPEG XL image",
    b"\0\0\0\x0cJXL ": "a JPEG XL image",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 image",
    b"\x1aE\xdf\xa3": "a WebM or Matroska video",
}
_RIFF = {b"WEBP": "a WebP image", b"AVI ": "an AVI video", b"WAVE": "a WAV sound"}
_BRANDS = {
    rb"avi[fs]": "an AVIF image",
    rb"hei[cxms]|hev[cxms]|mif1|msf1": "a HEIC image",
    rb"crx ": "a camera's raw image (CR3)",
    rb"qt  ": "a QuickTime video",
}
"""ISO base media files: ISO/IEC 14496-12 section 4.3, ISO/IEC 23008-12 section 10."""
_SVG = re.compile(rb"<(\w+:)?svg[\s>/]", re.IGNORECASE)
_HTML = re.compile(rb"\s*(<!doctype html|<html)[\s>]", re.IGNORECASE)


def kind_of(file: bytes) -> str | None:
    """Return what a file is, with its article; None if that is unknown."""
    start = bytes(file[:START_BYTES])
    for signature, kind in _SIGNATURES.items():
        if start.startswith(signature):
            return kind
    if start.startswith(b"RIFF"):
        return _RIFF.get(start[8:12])
    if start[4:8] == b"ftyp":
        return _of_media(start)
    text = start.removeprefix(b"\xef\xbb\xbf")
    if _HTML.match(text):
        return "a web page"
    return "an SVG drawing" if text.lstrip().startswith(b"<") and _SVG.search(text) else None


def _of_media(start: bytes) -> str:
    size = int.from_bytes(start[:4])
    brands = [start[8:12], *(start[at : at + 4] for at in range(16, min(size, len(start)), 4))]
    for pattern, kind in _BRANDS.items():
        if any(re.fullmatch(pattern, brand) for brand in brands):
            return kind
    return "an MP4 video"

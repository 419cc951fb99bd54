"""Images as encoders write them, images that claim to be large, and PNGs of chosen parts."""

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

MAX_PIXELS = 40_000_000


def picture(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    return Image.effect_noise(size, 80).convert(mode)


def encoded(image_format: str, *, mode: str = "RGB", **options: Any) -> bytes:
    file = BytesIO()
    picture(mode).save(file, image_format, **options)
    return file.getvalue()


def png_of(
    width: int, height: int, pixels: bytes, *, depth: int = 8, colour: int = 2, interlace: int = 0
) -> bytes:
    """Return a PNG of rows that begin with the number of their filter."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    chunks = (b"IHDR" + header, b"IDAT" + zlib.compress(pixels), b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(png_chunk, chunks))


def png_chunk(chunk: bytes) -> bytes:
    return struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))


def png_that_claims(width: int, height: int) -> bytes:
    return png_of(width, height, b"")


def webp_that_claims(width: int, height: int) -> bytes:
    whole = bytearray(encoded("WEBP", lossless=True))
    whole[21:25] = struct.pack("<I", (width - 1) | (height - 1) << 14)
    return bytes(whole)


def jpeg_that_claims(width: int, height: int) -> bytes:
    whole = encoded("JPEG")
    size_at = whole.index(b"\xff\xc0") + 5
    return whole[:size_at] + struct.pack(">HH", height, width) + whole[size_at + 4 :]

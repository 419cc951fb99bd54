"""Checks of start images. The bytes decide what an image is, not the name that was sent."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from weakref import WeakValueDictionary

import anyio.to_thread
from anyio import CapacityLimiter
from PIL.JpegImagePlugin import JpegImageFile
from PIL.WebPImagePlugin import WebPImageFile

from app.media import jpeg, png, webp
from app.media.kinds import kind_of
from app.problems import InvalidImage, UnsupportedImage

MAX_DECODED_BYTES = 8 * 1024 * 1024
"""Memory for decoding one image. A larger one is only checked for completeness."""
_WEBP_PIXEL_BYTES = 16
"""libwebp's decoder of animations, which Pillow uses, and Pillow hold several copies."""

_decoders = CapacityLimiter(2)
_user_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""One lock per user, so that no user occupies both decoders."""


@dataclass(frozen=True, kw_only=True)
class StartImage:
    """An image that was checked; the sides are in pixels, the extension has no dot."""

    data: bytes = field(repr=False)
    content_type: str
    extension: str
    width: int
    height: int


async def inspect(data: bytes, *, max_pixels: int, user: str) -> StartImage:
    """Run :func:`measure` in a thread, for one image of a user at a time."""
    async with _user_locks.setdefault(user, asyncio.Lock()):
        return await anyio.to_thread.run_sync(
            lambda: measure(data, max_pixels=max_pixels), limiter=_decoders
        )


def measure(data: bytes, *, max_pixels: int) -> StartImage:
    """Check an image to its end, but only if its header is within the limits.

    Pixels are held only up to ``MAX_DECODED_BYTES``: a PNG is inflated piece by piece; of a large
    WebP or progressive JPEG, the structure is checked.

    Raises:
        UnsupportedImage: the image is neither PNG nor JPEG nor WebP.
        InvalidImage: the image is broken or incomplete, has more than ``max_pixels``, or has more
            scans or segments than a usual JPEG.

    """
    kind = kind_of(data)
    if kind not in _FORMATS:
        raise UnsupportedImage(_unsupported(kind))
    extension, content_type, check = _FORMATS[kind]
    try:
        width, height = check(data, max_pixels)
    except (OSError, SyntaxError, ValueError) as error:
        raise InvalidImage("The image is broken or incomplete.") from error
    return StartImage(
        data=data, content_type=content_type, extension=extension, width=width, height=height
    )


def _check_png(data: bytes, max_pixels: int) -> tuple[int, int]:
    header = png.header_of(data)
    _limit(header.width, header.height, max_pixels)
    png.check(data)
    return header.width, header.height


def _check_jpeg(data: bytes, max_pixels: int) -> tuple[int, int]:
    structure = jpeg.structure_of(data)
    _limit(structure.width, structure.height, max_pixels)
    # Pillow holds metadata up to three times.
    if 3 * structure.metadata_bytes + structure.coefficient_bytes <= MAX_DECODED_BYTES:
        image = JpegImageFile(BytesIO(data))
        # At its smallest scale a JPEG is still read to the end, with a 64th of the memory.
        image.draft(None, (1, 1))
        image.load()
    elif not structure.is_complete:
        raise ValueError("cut short")
    return structure.width, structure.height


def _check_webp(data: bytes, max_pixels: int) -> tuple[int, int]:
    width, height = webp.sides(data)
    _limit(width, height, max_pixels)
    if 2 * len(data) + _WEBP_PIXEL_BYTES * width * height <= MAX_DECODED_BYTES:
        WebPImageFile(BytesIO(data)).load()
    return width, height


_FORMATS: dict[str | None, tuple[str, str, Callable[[bytes, int], tuple[int, int]]]] = {
    "a PNG image": ("png", "image/png", _check_png),
    "a JPEG image": ("jpg", "image/jpeg", _check_jpeg),
    "a WebP image": ("webp", "image/webp", _check_webp),
}


def _limit(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise InvalidImage(f"The image has {width} x {height} pixels, more than {max_pixels:,}.")


def _unsupported(kind: str | None) -> str:
    if kind is None:
        return "The start image must be a PNG, JPEG or WebP."
    return f"The start image is {kind}. Save it as PNG, JPEG or WebP, and send that."

"""Checks of start images. The bytes decide what an image is, not the name that was sent."""

import asyncio
import re
from dataclasses import dataclass, field
from io import BytesIO
from weakref import WeakValueDictionary

import anyio.to_thread
from anyio import CapacityLimiter
from PIL.Image import DecompressionBombError
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from app.problems import InvalidImage, UnsupportedImage

EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}
MAX_SCANS = 100
"""A JPEG usually has about ten. A scan of 60 bytes can cover every pixel."""
MAX_SEGMENTS = 1000
"""A JPEG usually has some dozens, and one per 64 KiB of profiles and metadata."""

_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"

_decoders = CapacityLimiter(2)
"""Limits the use of memory: a decoded WebP takes up to 16 bytes per pixel."""
_user_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""One lock per user, so that no user occupies both decoders."""


@dataclass(frozen=True, kw_only=True)
class StartImage:
    """An image that decodes; the sides are in pixels, the extension has no dot."""

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
    """Decode an image to its end, but only if its header is within the limits.

    Raises:
        UnsupportedImage: the image is neither PNG nor JPEG nor WebP.
        InvalidImage: the image is broken or incomplete, has more than ``max_pixels``, or has more
            scans or segments than a usual JPEG.

    """
    decoder = _decoder_of(data)
    if decoder is JpegImageFile:
        _limit_structure(data)
    try:
        # Not Image.open: it raises or warns at a size limit of its own.
        image = decoder(BytesIO(data))
        width, height = image.size
        if width * height > max_pixels:
            raise _too_large(max_pixels)
        # At its smallest scale a JPEG is still read to the end, with a 64th of the memory.
        image.draft(None, (1, 1))
        image.load()
    except DecompressionBombError as error:
        raise _too_large(max_pixels) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise InvalidImage("The image is broken or incomplete.") from error
    name = str(decoder.format)
    return StartImage(
        data=data,
        content_type=f"image/{name.lower()}",
        extension=EXTENSIONS[name],
        width=width,
        height=height,
    )


def _decoder_of(data: bytes) -> type[ImageFile]:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImageFile
    if data.startswith(b"\xff\xd8\xff"):
        return JpegImageFile
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WebPImageFile
    raise UnsupportedImage("The start image must be a PNG, JPEG or WebP.")


def _limit_structure(jpeg: bytes) -> None:
    """Refuse a JPEG with too many scans or segments: ITU-T T.81, annex B."""
    at = scans = 0
    for _ in range(MAX_SEGMENTS):
        marker = _MARKER.search(jpeg, at)
        if marker is None or marker[0] == _END_OF_IMAGE:
            return
        scans += marker[0] == _START_OF_SCAN
        if scans > MAX_SCANS:
            raise InvalidImage(f"The image has more than {MAX_SCANS} scans.")
        at = marker.end() + int.from_bytes(jpeg[marker.end() : marker.end() + 2])
    raise InvalidImage(f"The image has more than {MAX_SEGMENTS:,} segments.")


def _too_large(max_pixels: int) -> InvalidImage:
    return InvalidImage(f"The image has more than {max_pixels} pixels.")

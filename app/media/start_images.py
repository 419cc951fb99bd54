"""What a start image really is, whatever its sender called it."""

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

from app.errors import InvalidImage, UnsupportedImage

EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}
MAX_SCANS = 100
"""Of a JPEG, which has about ten: each goes over every pixel, and one fits into 60 bytes."""
MAX_SEGMENTS = 1000
"""Of a JPEG, which has some dozens, and one for each 64 KiB of its profiles and notes."""

_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"

# A decoded image takes up to 16 bytes a pixel (WebP): only so many at a time.
_decoding = CapacityLimiter(2)
_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""Of the users whose images are being decoded: nobody has both decoders to himself."""


@dataclass(frozen=True, kw_only=True)
class StartImage:
    """An image that decodes; its sides are in pixels, its extension comes without the dot."""

    data: bytes = field(repr=False)
    content_type: str
    extension: str
    width: int
    height: int


async def inspect(data: bytes, *, max_pixels: int, user: str) -> StartImage:
    """Measure an image beside the event loop, one at a time of a user's; see :func:`measure`."""
    async with _turns.setdefault(user, asyncio.Lock()):
        return await anyio.to_thread.run_sync(
            lambda: measure(data, max_pixels=max_pixels), limiter=_decoding
        )


def measure(data: bytes, *, max_pixels: int) -> StartImage:
    """Tell what ``data`` is, decoding it to the end only where its header is modest.

    Raises:
        UnsupportedImage: neither PNG nor JPEG nor WebP.
        InvalidImage: broken, cut short, of more than ``max_pixels``, or slow to decode on purpose.

    """
    decoder = _decoder_of(data)
    if decoder is JpegImageFile:
        _require_modest(data)
    try:
        # Not Image.open: it raises or warns about sizes by a limit of its own.
        image = decoder(BytesIO(data))
        width, height = image.size
        if width * height > max_pixels:
            raise _too_large(max_pixels)
        # A JPEG is read to its end all the same, but costs a 64th of the memory.
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


def _require_modest(jpeg: bytes) -> None:
    """Count what a JPEG is built of up to its end: ITU-T T.81, annex B."""
    at = scans = 0
    for _ in range(MAX_SEGMENTS):
        marker = _MARKER.search(jpeg, at)
        if marker is None or marker[0] == _END_OF_IMAGE:
            return
        scans += marker[0] == _START_OF_SCAN
        if scans > MAX_SCANS:
            raise InvalidImage(f"The image is built of more than {MAX_SCANS} scans.")
        at = marker.end() + int.from_bytes(jpeg[marker.end() : marker.end() + 2])
    raise InvalidImage(f"The image is built of more than {MAX_SEGMENTS:,} segments.")


def _too_large(max_pixels: int) -> InvalidImage:
    return InvalidImage(f"The image has more than {max_pixels} pixels.")

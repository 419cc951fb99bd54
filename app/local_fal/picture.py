"""Loads a start image for the renderer."""

from pathlib import Path

from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "WEBP")
BROKEN = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
SMALLEST_SIDE = 64


class PictureTooSmall(Exception):
    """A side has fewer than ``SMALLEST_SIDE`` pixels."""


class PictureBroken(Exception):
    """The file is damaged, or not PNG, JPEG or WebP."""


def load(path: Path) -> Image.Image:
    """Load a picture as RGB, rotated upright, with white behind transparent pixels.

    Raises:
        PictureTooSmall: a side has fewer than ``SMALLEST_SIDE`` pixels.
        PictureBroken: the file is damaged, or not PNG, JPEG or WebP.

    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            if min(image.size) < SMALLEST_SIDE:
                raise PictureTooSmall
            return _on_white(ImageOps.exif_transpose(image))
    except BROKEN as error:
        raise PictureBroken from error


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    background = Image.new("RGBA", image.size, "white")
    background.alpha_composite(image.convert("RGBA"))
    return background.convert("RGB")

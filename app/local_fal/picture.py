"""The start image as the renderer wants it."""

from pathlib import Path

from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "WEBP")
BROKEN = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
SMALLEST_SIDE = 64


class PictureTooSmall(Exception):
    """A side has fewer than ``SMALLEST_SIDE`` pixels."""


class PictureBroken(Exception):
    """No PNG, JPEG or WebP, or a damaged one."""


def load(path: Path) -> Image.Image:
    """Read a picture: RGB, upright, on white where it is transparent.

    Raises:
        PictureTooSmall: see there.
        PictureBroken: see there.

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
    ground = Image.new("RGBA", image.size, "white")
    ground.alpha_composite(image.convert("RGBA"))
    return ground.convert("RGB")

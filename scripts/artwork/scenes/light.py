"""Drawing helpers. Frames have twice the size at which they are shown."""

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Protocol

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Point = tuple[float, float]

WIDTH, HEIGHT = 960, 600
SIZE = (WIDTH, HEIGHT)
CENTRE = WIDTH / 2

NIGHT, DUSK, EMBER, ROSE, SUN, HAZE = (
    (14, 11, 30),
    (52, 34, 96),
    (255, 129, 82),
    (255, 85, 134),
    (255, 214, 150),
    (124, 98, 255),
)


class Scene(Protocol):
    """Draws the frame at ``time``, which runs from 0 to 1 and then starts again at 0."""

    def frame(self, time: float) -> Image.Image: ...


def swing(time: float, *, shift: float = 0.0) -> float:
    """Go from 0 to 1 and back within one loop, at rest at both ends."""
    return (1 - math.cos(2 * math.pi * (time + shift))) / 2


def wave(time: float, *, shift: float = 0.0) -> float:
    """Swing between -1 and 1, once a loop."""
    return math.sin(2 * math.pi * (time + shift))


def ease(progress: float) -> float:
    """Ease from 0 to 1, at rest at both ends; clamp outside."""
    inside = min(1.0, max(0.0, progress))
    return inside * inside * (3 - 2 * inside)


def scatter(number: float) -> float:
    """Return a pseudorandom number from 0 to 1 that is the same in every run."""
    return math.modf(abs(math.sin(number * 12.9898 + 4.1) * 43758.5453))[0]


def mix(start: Colour, end: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
    return red, green, blue


def dim(colour: Colour, strength: float) -> Colour:
    return mix((0, 0, 0), colour, min(1.0, max(0.0, strength)))


def gradient(
    *stops: tuple[float, Colour], size: tuple[int, int] = SIZE, across: bool = False
) -> Image.Image:
    """Blend colours from top to bottom, or from left to right; places are 0 to 1 in order."""
    length = size[0] if across else size[1]
    line = [_at(stops, number / (length - 1)) for number in range(length)]
    strip = Image.new("RGB", (length, 1) if across else (1, length))
    strip.putdata(line)
    return strip.resize(size)


def _at(stops: Sequence[tuple[float, Colour]], place: float) -> Colour:
    for (start, first), (end, second) in pairwise(stops):
        if place <= end:
            return mix(first, second, max(0.0, place - start) / (end - start))
    return stops[-1][1]


@cache
def _halo() -> Image.Image:
    """Return a light that fades from its middle."""
    return Image.radial_gradient("L").point([round(255 * ease(1 - n / 181)) for n in range(256)])


def shine(image: Image.Image, centre: Point, radius: float | Point, colour: Colour) -> None:
    """Add a soft light to the picture."""
    across, down = radius if isinstance(radius, tuple) else (radius, radius)
    size = (max(1, round(2 * across)), max(1, round(2 * down)))
    corner = (round(centre[0] - across), round(centre[1] - down))
    light = Image.new("RGB", size)
    light.paste(colour, mask=_halo().resize(size))
    box = (*corner, corner[0] + size[0], corner[1] + size[1])
    image.paste(ImageChops.screen(image.crop(box), light), corner)


def bloom(image: Image.Image, light: Image.Image, *, reach: float = 14) -> Image.Image:
    """Add the lights and their glow."""
    small = light.reduce(4).filter(ImageFilter.GaussianBlur(reach / 4))
    air = small.resize(image.size, Image.Resampling.BICUBIC)
    return ImageChops.screen(ImageChops.screen(image, air), light)


def blurred(image: Image.Image, radius: float) -> Image.Image:
    """Blur widely at a quarter of the size, which costs a sixteenth."""
    small = image.reduce(4).filter(ImageFilter.GaussianBlur(radius / 4))
    return small.resize(image.size, Image.Resampling.BICUBIC)


def shadow(image: Image.Image, shape: Image.Image, *, offset: Point, depth: float) -> None:
    """Draw the shadow of ``shape`` (a mask) that is ``depth`` pixels above the picture."""
    place = (1, 0, -offset[0], 0, 1, -offset[1])
    moved = shape.transform(shape.size, Image.Transform.AFFINE, place)
    mask = blurred(moved, depth).point([round(n * 0.55) for n in range(256)])
    image.paste((18, 10, 34), mask=mask)


def black() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return a dark frame to draw lights on."""
    image = Image.new("RGB", SIZE)
    return image, ImageDraw.Draw(image)


def vignette(image: Image.Image, strength: float = 0.55) -> Image.Image:
    """Darken the corners."""
    fall = [round(255 * (1 - strength * ease((n - 60) / 150))) for n in range(256)]
    mask = Image.radial_gradient("L").point(fall).resize(image.size)
    return ImageChops.multiply(image, Image.merge("RGB", (mask, mask, mask)))

"""Poster parallax: layers of cut paper drift apart and come back."""

from collections.abc import Callable

from PIL import Image, ImageDraw

from scripts.artwork.scenes.light import (
    EMBER,
    HEIGHT,
    SIZE,
    WIDTH,
    Colour,
    gradient,
    shadow,
    shine,
    wave,
)

INK, PAPER, ROSE, LILAC, SUN = (
    (38, 24, 70),
    (247, 236, 220),
    (236, 74, 112),
    (128, 104, 226),
    (255, 190, 92),
)
MARGIN = 120
Draw = Callable[[ImageDraw.ImageDraw], None]


class PosterParallax:
    """Four layers, each higher above the paper than the one before."""

    def __init__(self) -> None:
        paper = gradient((0, PAPER), (1, (238, 220, 200)))
        shine(paper, (200, 80), (600, 420), (30, 24, 14))
        self._paper = paper
        self._layers = [
            (_mask(_half_moon), LILAC, 0.35),
            (_mask(_disc), EMBER, 0.7),
            (_mask(_stairs), INK, 1.1),
            (_mask(_sun_and_bars), SUN, 1.7),
            (_mask(_ribbon), ROSE, 2.3),
        ]

    def frame(self, time: float) -> Image.Image:
        image = self._paper.copy()
        for shape, colour, height in self._layers:
            move = (26 * height * wave(time), 7 * height * wave(time, shift=0.25))
            moved = _moved(shape, move)
            shadow(
                image, moved, offset=(-7 * height - move[0] * 0.2, 9 * height), depth=6 + 9 * height
            )
            image.paste(_paint(colour), mask=moved)
        return image


def _paint(colour: Colour) -> Image.Image:
    light = tuple(min(255, round(channel * 1.08) + 6) for channel in colour)
    return gradient((0, (light[0], light[1], light[2])), (1, colour))


def _mask(draw: Draw) -> Image.Image:
    """Draw a layer larger than the frame, because it moves."""
    mask = Image.new("L", (WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN))
    draw(ImageDraw.Draw(mask))
    return mask


def _moved(shape: Image.Image, move: tuple[float, float]) -> Image.Image:
    """Move by fractions of pixels, so that slow layers do not jitter."""
    across, down = move
    place = (1, 0, MARGIN - across, 0, 1, MARGIN - down)
    return shape.transform(SIZE, Image.Transform.AFFINE, place, Image.Resampling.BILINEAR)


def _half_moon(pen: ImageDraw.ImageDraw) -> None:
    pen.pieslice(_box(40, 120, 640, 720), 180, 360, fill=255)
    pen.rectangle(_box(700, -60, 790, 300), fill=255)


def _disc(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse(_box(360, 90, 760, 490), fill=255)


def _stairs(pen: ImageDraw.ImageDraw) -> None:
    for step in range(5):
        pen.rectangle(
            _box(560 + step * 84, 470 - step * 66, WIDTH + MARGIN, HEIGHT + MARGIN), fill=255
        )


def _sun_and_bars(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse(_box(150, 84, 290, 224), fill=255)
    for bar in range(4):
        pen.rounded_rectangle(
            _box(110, 330 + bar * 50, 330 - bar * 40, 352 + bar * 50), 11, fill=255
        )


def _ribbon(pen: ImageDraw.ImageDraw) -> None:
    pen.pieslice(_box(420, 280, 740, 600), 90, 270, fill=255)
    pen.ellipse(_box(812, 70, 872, 130), fill=255)


def _box(left: float, top: float, right: float, bottom: float) -> tuple[float, ...]:
    return left + MARGIN, top + MARGIN, right + MARGIN, bottom + MARGIN

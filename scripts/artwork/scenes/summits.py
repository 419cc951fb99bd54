"""Cinematic reveal: the camera rises over ridges in the morning haze, and the bars open."""

import math

from PIL import Image, ImageDraw

from scripts.artwork.scenes.light import (
    EMBER,
    HEIGHT,
    SUN,
    WIDTH,
    Colour,
    blurred,
    gradient,
    mix,
    scatter,
    shine,
    swing,
    vignette,
)

RIDGES = 6
FAR_RIDGE, NEAR_RIDGE = (226, 128, 110), (15, 11, 32)
TALL = 900
MARGIN = 60


class CinematicReveal:
    """The nearer a ridge is, the further it sinks while the camera rises."""

    def __init__(self) -> None:
        self._sky = gradient(
            (0, (28, 24, 72)),
            (0.3, (106, 52, 122)),
            (0.55, (238, 116, 96)),
            (0.72, SUN),
            (1, SUN),
            size=(WIDTH, TALL),
        )
        self._ridges = [_ridge(number) for number in range(RIDGES)]

    def frame(self, time: float) -> Image.Image:
        rise = swing(time)
        image = self._sky.crop(
            (0, round(190 - 130 * rise), WIDTH, round(190 - 130 * rise) + HEIGHT)
        )
        sun = (600.0, 236 - 28 * rise)
        shine(image, sun, 420, (150, 84, 60))
        _disc(image, sun, 62)
        for number, (ridge, paint) in enumerate(self._ridges):
            down = round(-20 + number * 8 + rise * (12 + number * number * 8.5))
            drift = round(MARGIN * (swing(time) - 0.5) * number / RIDGES)
            image.paste(paint, (drift - MARGIN, down), ridge)
            mist = 46 - number * 7
            if mist > 0:
                spot = (WIDTH / 2, 400 + down * 0.6 + number * 30)
                shine(image, spot, (700, 90), (mist, mist // 2, mist // 2))
        return _with_bars(vignette(image, 0.4), 1 - rise)


def _ridge(number: int) -> tuple[Image.Image, Image.Image]:
    """Return a ridge's shape and its colours, which get paler towards its foot."""
    share = number / (RIDGES - 1)
    size = (WIDTH + 2 * MARGIN, HEIGHT + 120)
    shape = Image.new("L", size)
    base = 330 + share * 150
    crest = [(x, base - _height(x, number)) for x in range(0, size[0] + 6, 6)]
    ImageDraw.Draw(shape).polygon([(0, size[1]), *crest, (size[0], size[1])], fill=255)
    top: Colour = mix(FAR_RIDGE, NEAR_RIDGE, share**0.72)
    foot = mix(top, EMBER, 0.42 * (1 - share))
    return shape, gradient((0, top), (base / size[1] * 0.92, top), (1, foot), size=size)


def _height(x: float, number: int) -> float:
    """Return a height: the sum of waves of decreasing length."""
    total = 0.0
    for octave in range(1, 7):
        length = 520 / 2**octave
        shift = scatter(number * 17 + octave) * 6.3
        total += abs(math.sin(x / length + shift)) * 96 / 1.9**octave
    return total * (0.85 + number * 0.16)


def _disc(image: Image.Image, centre: tuple[float, float], radius: float) -> None:
    disc = Image.new("L", image.size)
    x, y = centre
    ImageDraw.Draw(disc).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    image.paste((255, 236, 196), mask=blurred(disc, 3))


def _with_bars(image: Image.Image, closed: float) -> Image.Image:
    height = round(34 + 92 * closed)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, WIDTH, height), fill=(5, 4, 10))
    pen.rectangle((0, HEIGHT - height, WIDTH, HEIGHT), fill=(5, 4, 10))
    return image

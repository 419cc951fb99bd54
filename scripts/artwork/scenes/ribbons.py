"""Ribbons of light, for templates without a scene of their own."""

import math

from PIL import Image

from scripts.artwork.scenes.light import (
    EMBER,
    HAZE,
    HEIGHT,
    NIGHT,
    ROSE,
    WIDTH,
    Colour,
    black,
    bloom,
    dim,
    gradient,
    shine,
    vignette,
    wave,
)

COLOURS: tuple[Colour, ...] = (HAZE, ROSE, EMBER)


class Ribbons:
    """Three waves that move by their own length per loop."""

    def __init__(self) -> None:
        self._ground = gradient((0, NIGHT), (0.6, (40, 22, 74)), (1, NIGHT))

    def frame(self, time: float) -> Image.Image:
        image = self._ground.copy()
        shine(image, (WIDTH * (0.5 + 0.1 * wave(time)), 330), (520, 260), (84, 34, 84))
        light, pen = black()
        for number, colour in enumerate(COLOURS):
            for line in range(9):
                path = [(x, _height(x, time, number, line)) for x in range(-10, WIDTH + 20, 10)]
                pen.line(path, fill=dim(colour, 0.95 - line * 0.1), width=4, joint="curve")
        return vignette(bloom(image, light, reach=22), 0.45)


def _height(x: float, time: float, number: int, line: int) -> float:
    turn = 2 * math.pi
    swell = math.sin(turn * (x / WIDTH + time) + number * 1.9)
    ripple = math.sin(turn * (2 * x / WIDTH - time) + line * 0.2 + number)
    return HEIGHT * 0.5 + swell * (96 - line * 9) + ripple * (30 + line * 4) + (number - 1) * 26

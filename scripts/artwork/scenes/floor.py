"""Dance floor: tiles and beams on the beat, under a mirror ball."""

import math

from PIL import Image, ImageDraw

from scripts.artwork.scenes.light import (
    CENTRE,
    EMBER,
    HAZE,
    HEIGHT,
    ROSE,
    Colour,
    Point,
    black,
    bloom,
    blurred,
    dim,
    ease,
    gradient,
    mix,
    scatter,
    shine,
    vignette,
    wave,
)

COLOURS: tuple[Colour, ...] = (ROSE, HAZE, (64, 208, 255), EMBER)
BEATS = 4
ROWS, COLUMNS = 7, 9
BACK = 350
BALL: Point = (CENTRE, 120)
BALL_SIZE = 66


class DanceFloor:
    """Four beats per loop; other tiles light up on each."""

    def __init__(self) -> None:
        room = gradient(
            (0, (16, 10, 38)), (0.58, (46, 20, 84)), (0.6, (20, 12, 44)), (1, (8, 6, 20))
        )
        shine(room, (CENTRE, BACK), (560, 120), (96, 40, 130))
        self._room = room

    def frame(self, time: float) -> Image.Image:
        image = bloom(self._room, self._tiles(time), reach=30)
        image = bloom(image, self._beams(time), reach=24)
        self._ball(image, time)
        return vignette(image, 0.35)

    def _tiles(self, time: float) -> Image.Image:
        light, pen = black()
        beat, since = divmod(time * BEATS, 1)
        for row in range(ROWS):
            for column in range(COLUMNS):
                now = _tile(row, column, int(beat))
                before = _tile(row, column, int(beat - 1) % BEATS)
                colour = mix(now, before, ease(1 - since * 3))
                pen.polygon(_corners(row, column), fill=dim(colour, 0.55 + 0.45 * (1 - since)))
        return light

    def _beams(self, time: float) -> Image.Image:
        light, pen = black()
        for number, colour in enumerate(COLOURS * 2):
            start = 60 + number * 120
            lean = wave(time, shift=number * 0.29) * 260
            end = start + lean
            pen.polygon(
                [(start - 4, -10), (start + 4, -10), (end + 74, HEIGHT), (end - 74, HEIGHT)],
                fill=dim(colour, 0.26),
            )
        return blurred(light, 22)

    def _ball(self, image: Image.Image, time: float) -> None:
        shine(image, BALL, 190, (110, 80, 150))
        pen = ImageDraw.Draw(image)
        x, y = BALL
        pen.line((x, 0, x, y), fill=(70, 56, 110), width=3)
        pen.ellipse((x - BALL_SIZE, y - BALL_SIZE, x + BALL_SIZE, y + BALL_SIZE), fill=(34, 26, 66))
        for ring in range(-4, 5):
            height = ring / 5
            around = math.sqrt(1 - height * height)
            for facet in range(18):
                angle = 2 * math.pi * (facet / 18 + time / 6 + ring * 0.02)
                if math.cos(angle) > 0:
                    spot = (x + BALL_SIZE * around * math.sin(angle), y + BALL_SIZE * height)
                    _facet(pen, spot, facet + ring * 18, math.cos(angle) * around, time)


def _facet(pen: ImageDraw.ImageDraw, spot: Point, number: int, facing: float, time: float) -> None:
    glint = ease(wave(time * 2, shift=scatter(number)) * 2 - 0.9)
    base = mix((70, 60, 120), COLOURS[number % len(COLOURS)], 0.35 + 0.3 * scatter(number + 3))
    colour = mix(dim(base, 0.4 + 0.6 * facing), (255, 250, 240), glint)
    half = max(1.0, 6.5 * facing)
    pen.rectangle((spot[0] - half, spot[1] - 6, spot[0] + half, spot[1] + 6), fill=colour)


def _tile(row: int, column: int, beat: int) -> Colour:
    chance = scatter(row * 13 + column * 5 + beat * 29)
    return dim(COLOURS[int(chance * 37) % len(COLOURS)], 0.18 + 0.82 * ease(chance * 2 - 0.6))


def _corners(row: int, column: int) -> list[Point]:
    """Return a tile seen in perspective, with a joint around it."""
    gap = 0.045
    places = [
        (row + gap, column + gap),
        (row + gap, column + 1 - gap),
        (row + 1 - gap, column + 1 - gap),
        (row + 1 - gap, column + gap),
    ]
    return [_project(r / ROWS, c / COLUMNS) for r, c in places]


def _project(deep: float, across: float) -> Point:
    near = 1 / (1.06 - 0.78 * deep) - 1 / 1.06
    share = near / (1 / 0.28 - 1 / 1.06)
    y = BACK + (HEIGHT + 30 - BACK) * share
    width = 620 + 1500 * share
    return CENTRE + (across - 0.5) * width, y

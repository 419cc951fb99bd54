"""A street at night after rain, as flat faces in metres, for the sample picture.

x points from the middle of the street to the right, y up from the road, z away from the camera.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

KERB, END = 7.0, 210.0  # metres: from the middle to the walls, and to the last building
BUSY = 0.55  # the probability of one more sign
HAZE, WALL = (84, 36, 104), (11, 10, 26)
WARM = [(255, 190, 110), (255, 214, 158), (255, 160, 84), (196, 220, 255), (120, 214, 255)]
PINK, CYAN, AMBER, VIOLET = (255, 56, 132), (40, 226, 255), (255, 148, 52), (158, 92, 255)
NEON = [PINK, CYAN, AMBER, VIOLET, (255, 74, 74), (64, 255, 176)]

Colour = tuple[int, int, int]
Point = tuple[float, float, float]
Span = tuple[float, float]


@dataclass(frozen=True)
class Face:
    """A polygon in space; one that ``shines`` has a halo."""

    points: Sequence[Point]
    colour: Colour
    shines: bool = False

    @property
    def depth(self) -> float:
        return max(z for _, _, z in self.points)


def mixed(start: Colour, end: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
    return red, green, blue


def dimmed(colour: Colour, share: float) -> Colour:
    return mixed((0, 0, 0), colour, share)


def street() -> list[Face]:
    """Return all faces, the farthest first."""
    chance = random.Random(11)  # noqa: S311  # the same street every time
    faces = [*buildings(chance), *lanterns(chance), *walker(1.35, 13), *car(-1.9, 38)]
    return sorted(faces, key=lambda face: -face.depth)


def buildings(chance: random.Random) -> Iterator[Face]:
    """Yield the buildings of both sides, with windows, shops and signs."""
    for side in (-1, 1):
        z = 3.0 if side < 0 else 5.0
        while z < END:
            length = chance.uniform(5, 10)
            height = chance.choice([11, 14, 17, 21, 26, 32]) * (1 + z / 300)
            yield from building(chance, side, z, z + length, height)
            z += length + chance.choice([0, 0, 0.8])


def building(
    chance: random.Random, side: int, near: float, far: float, height: float
) -> Iterator[Face]:
    x = side * KERB
    shade = mixed(WALL, (34, 22, 52), chance.random())
    yield wall(x, (near, far), (0, height), shade)
    yield Face(facing(x, 0, x + side * 14, height, near), dimmed(shade, 0.7))
    light, wide = chance.choice(WARM), chance.uniform(1.1, 1.9)
    lit, floor = chance.uniform(0.1, 0.34), 4.4
    while floor + 2.6 < height:
        yield wall(x, (near, far), (floor - 0.55, floor - 0.4), mixed(shade, HAZE, 0.28))
        z = near + 0.5
        while z + wide < far:
            on = chance.random() < lit
            colour = chance.choice([light, light, *WARM]) if on else HAZE
            strength = chance.uniform(0.3, 0.85) if on else 0.16
            yield from window(x, z, z + wide * 0.62, floor, dimmed(colour, strength))
            z += wide
        floor += 3.1
    yield from shop(chance, x, near, far)
    for z in (near + 0.7, (near + far) / 2, far - 0.7):
        if chance.random() < BUSY:
            yield from sign(chance, side, z + chance.uniform(-0.5, 0.5), height)


def window(x: float, near: float, far: float, low: float, colour: Colour) -> Iterator[Face]:
    """Yield a window with two wings, brighter at the top."""
    middle = (near + far) / 2
    for start, end in ((near, middle - 0.04), (middle + 0.04, far)):
        yield wall(x, (start, end), (low, low + 1.0), dimmed(colour, 0.75), shines=True)
        yield wall(x, (start, end), (low + 1.08, low + 1.6), colour, shines=True)


def shop(chance: random.Random, x: float, near: float, far: float) -> Iterator[Face]:
    """Yield a shop front: lit panes between dark posts, under a strip of neon."""
    light = dimmed(chance.choice([*WARM[:3], CYAN, PINK]), chance.uniform(0.3, 0.62))
    z = near + 0.4
    while z + 1.5 < far:
        for step in range(12):
            low = 0.45 + step * 0.17
            pane = dimmed(light, 0.3 + 0.06 * step)
            yield wall(x, (z, z + 1.3), (low, low + 0.18), pane, shines=True)
        for _ in range(3):
            at, high = z + chance.uniform(0, 0.85), chance.uniform(0.6, 1.25)
            yield wall(x, (at, at + chance.uniform(0.2, 0.45)), (0.45, high), WALL)
        z += 1.5
    colour = chance.choice(NEON)
    yield wall(x, (near + 0.3, far - 0.3), (2.8, 3.5), dimmed(colour, 0.12), shines=True)
    tube = mixed(colour, (255, 255, 255), 0.2)
    yield wall(x, (near + 0.3, far - 0.3), (3.42, 3.5), tube, shines=True)


def sign(chance: random.Random, side: int, z: float, height: float) -> Iterator[Face]:
    """Yield a neon sign over the pavement, with invented characters."""
    wide = chance.uniform(0.9, 1.7)
    outer = side * (KERB - 0.25)
    inner = outer - side * wide
    left, right = min(outer, inner), max(outer, inner)
    foot = chance.uniform(4.2, max(4.4, height * 0.35))
    head = foot + chance.uniform(2.4, 5.2)
    colour, ink = chance.sample(NEON, 2)
    yield Face(facing(left, foot, right, head, z), (16, 10, 26))
    yield Face(facing(left, foot, right, head, z), dimmed(colour, 0.16), shines=True)
    tube = 0.07
    for box in (
        (left, foot, left + tube, head),
        (right - tube, foot, right, head),
        (left, foot, right, foot + tube),
        (left, head - tube, right, head),
    ):
        yield Face(facing(*box, z), colour, shines=True)
    y = foot + 0.35
    while y + 0.8 < head:
        yield from mark(chance, (left + wide * 0.2, y, z), wide * 0.6, ink)
        y += wide * 0.6 + 0.3


def mark(chance: random.Random, corner: Point, side: float, ink: Colour) -> Iterator[Face]:
    """Yield an invented character of three to five strokes."""
    x, y, z = corner
    thick = side * 0.13
    bright = mixed(ink, (255, 255, 255), 0.45)
    for _ in range(chance.randint(3, 5)):
        at = chance.choice([0, 0.3, 0.55, 0.87]) * side
        start, end = sorted(chance.sample([0, 0.3, 0.6, 1], 2))
        if chance.random() < BUSY:
            box = (x + start * side, y + at, x + end * side, y + at + thick)
        else:
            box = (x + at, y + start * side, x + at + thick, y + end * side)
        yield Face(facing(*box, z), bright, shines=True)


def lanterns(chance: random.Random) -> Iterator[Face]:
    """Yield strings of lights across the street."""
    for z in (16.0, 24.0, 34.0, 50.0):
        lift = chance.uniform(6.5, 8)
        for step in range(1, 20):
            share = step / 20
            x = (share * 2 - 1) * KERB
            y = lift - 5.2 * share * (1 - share)
            colour = mixed(WARM[0], PINK, 0.25 if step % 2 else 0.0)
            yield disc(x, y, z, 0.11, colour)


def walker(x: float, z: float) -> Iterator[Face]:
    """Yield a person under an umbrella."""
    dark: Colour = (6, 4, 14)
    canopy = [(-0.78, 1.62), (-0.7, 1.86), (-0.48, 2.06), (-0.2, 2.17), (0.0, 2.2)]
    canopy += [(-a, b) for a, b in reversed(canopy[:-1])]
    canopy += [(0.52, 1.7), (0.26, 1.63), (0.0, 1.71), (-0.26, 1.63), (-0.52, 1.7)]
    coat = [(-0.14, 1.5), (0.12, 1.5), (0.22, 1.28), (0.27, 0.62), (-0.27, 0.62), (-0.22, 1.28)]
    left = [(-0.2, 0.64), (-0.02, 0.64), (-0.09, 0.0), (-0.25, 0.0)]
    right = [(0.02, 0.64), (0.2, 0.64), (0.3, 0.03), (0.16, 0.0)]
    for shape in (left, right, coat, canopy):
        yield Face([(x + a, b, z) for a, b in shape], dark)
    yield disc(x - 0.02, 1.56, z, 0.13, dark, shines=False)
    rim = [(0.78, 1.62), (0.7, 1.86), (0.48, 2.06), (0.2, 2.17), (0.2, 2.14), (0.46, 2.03)]
    rim += [(0.67, 1.85), (0.75, 1.64)]
    yield Face([(x + a, b, z) for a, b in rim], (255, 120, 170), shines=True)


def car(x: float, z: float) -> Iterator[Face]:
    """Yield a car, seen from behind."""
    yield Face(facing(x - 0.92, 0.3, x + 0.92, 0.95, z), (10, 7, 18))
    yield Face(facing(x - 0.85, 0.05, x - 0.55, 0.3, z), (4, 3, 8))
    yield Face(facing(x + 0.55, 0.05, x + 0.85, 0.3, z), (4, 3, 8))
    roof = [(-0.9, 0.95), (0.9, 0.95), (0.62, 1.45), (-0.62, 1.45)]
    yield Face([(x + a, b, z) for a, b in roof], (10, 7, 18))
    glass = [(-0.74, 1.0), (0.74, 1.0), (0.54, 1.37), (-0.54, 1.37)]
    yield Face([(x + a, b, z) for a, b in glass], (70, 40, 84))
    for light in (-0.72, 0.72):
        yield disc(x + light, 0.78, z, 0.15, (255, 40, 50))


def wall(x: float, span: Span, rise: Span, colour: Colour, *, shines: bool = False) -> Face:
    (near, far), (low, high) = span, rise
    points = [(x, low, near), (x, low, far), (x, high, far), (x, high, near)]
    return Face(points, colour, shines)


def facing(left: float, low: float, right: float, high: float, z: float) -> list[Point]:
    return [(left, low, z), (right, low, z), (right, high, z), (left, high, z)]


def disc(
    x: float, y: float, z: float, radius: float, colour: Colour, *, shines: bool = True
) -> Face:
    turns = [index * math.tau / 20 for index in range(20)]
    points = [(x + radius * math.cos(turn), y + radius * math.sin(turn), z) for turn in turns]
    return Face(points, colour, shines)

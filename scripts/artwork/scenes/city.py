"""Night life roller: a glide down a wet street between neon signs."""

from PIL import Image, ImageChops, ImageDraw, ImageOps

from scripts.artwork.scenes.light import (
    CENTRE,
    EMBER,
    HAZE,
    HEIGHT,
    NIGHT,
    ROSE,
    SIZE,
    WIDTH,
    Colour,
    Point,
    black,
    bloom,
    blurred,
    dim,
    gradient,
    scatter,
    shine,
    vignette,
)

HORIZON = 312
NEON: tuple[Colour, ...] = (ROSE, (72, 214, 255), EMBER, (168, 112, 255))
DEPTHS = 14
PASSED = 2


class NightLifeRoller:
    """The camera passes two signs on each side per loop, so that the colours match at its end."""

    def __init__(self) -> None:
        sky = gradient((0, NIGHT), (0.4, (34, 20, 74)), (0.53, (120, 44, 110)), (1, (12, 9, 26)))
        shine(sky, (CENTRE, HORIZON - 6), (380, 150), (150, 60, 110))
        self._sky = sky
        self._wet = gradient((0, (210, 200, 235)), (0.6, (96, 90, 130)), (1, (34, 30, 60)))

    def frame(self, time: float) -> Image.Image:
        street, light = self._sky.copy(), Image.new("RGB", SIZE)
        walls, neon = ImageDraw.Draw(street), ImageDraw.Draw(light)
        for number in range(DEPTHS, -1, -1):
            away = number + 0.32 - PASSED * time % 1
            for side in (-1, 1):
                sign = (number + int(PASSED * time)) % PASSED + (0 if side < 0 else 2)
                _building(walls, away, side, sign)
                _sign(neon, away, side, NEON[sign % len(NEON)])
        above = bloom(street, light, reach=34)
        return vignette(self._with_road(above, time), 0.4)

    def _with_road(self, above: Image.Image, time: float) -> Image.Image:
        """Draw the street's mirror image below the horizon, and lamps in its middle."""
        mirror = ImageOps.flip(above.crop((0, 2 * HORIZON - HEIGHT, WIDTH, HORIZON)))
        wet = ImageChops.multiply(blurred(mirror, 9), self._wet.resize(mirror.size))
        above.paste(wet, (0, HORIZON))
        lamps, pen = black()
        for number in range(DEPTHS):
            near, far = number + 0.5 - PASSED * time % 1, number + 0.86 - PASSED * time % 1
            corners = [
                _project(x, 1, z)
                for x, z in ((-0.03, near), (0.03, near), (0.03, far), (-0.03, far))
            ]
            pen.polygon(corners, fill=dim((255, 210, 170), 1.2 / (1 + far * 0.7)))
        return bloom(above, lamps, reach=16)


def _project(x: float, y: float, away: float) -> Point:
    scale = 300 / max(0.12, away)
    return CENTRE + x * scale, HORIZON + y * scale * 0.62


def _building(pen: ImageDraw.ImageDraw, away: float, side: int, number: int) -> None:
    height = 2.3 + 1.9 * scatter(number * 7 + side)
    near, far = max(0.12, away), away + 0.86
    corners = [(near, 1.0), (far, 1.0), (far, -height), (near, -height)]
    shade = dim((58, 40, 104), 1 / (0.55 + away * 0.3))
    pen.polygon([_project(side * 1.5, y, z) for z, y in corners], fill=shade)
    for row in range(5):
        for column in range(3):
            if scatter(number * 31 + row * 5 + column * 3 + side) > 0.5:  # noqa: PLR2004 half of them
                _window(pen, near + 0.12 + column * 0.25, side, -0.4 - row * 0.44, away)


def _window(pen: ImageDraw.ImageDraw, z: float, side: int, y: float, away: float) -> None:
    corners = [(z, y), (z + 0.13, y), (z + 0.13, y - 0.22), (z, y - 0.22)]
    pen.polygon(
        [_project(side * 1.5, down, deep) for deep, down in corners],
        fill=dim((255, 196, 128), 0.75 / (0.8 + away * 0.25)),
    )


def _sign(pen: ImageDraw.ImageDraw, away: float, side: int, colour: Colour) -> None:
    """Draw a tube that frames a sign, and the bars of its lettering."""
    near, far = max(0.12, away + 0.3), max(0.13, away + 0.34)
    bright = dim(colour, 1.35 / (0.8 + away * 0.22))
    left, right = side * 1.42, side * 0.86
    frame = [(left, -0.3), (right, -0.3), (right, -1.7), (left, -1.7), (left, -0.3)]
    width = max(1, round(9 / max(0.5, away)))
    pen.line([_project(x, y, near) for x, y in frame], fill=bright, width=width, joint="curve")
    for bar in range(3):
        y = -0.65 - bar * 0.36
        ends = (_project(left * 0.96, y, far), _project(right * 1.12, y, far))
        pen.line(ends, fill=dim(HAZE if bar % 2 else bright, 0.9), width=width)

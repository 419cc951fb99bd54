"""Gentle zoom: an endless steady walk through arches towards the light."""

from PIL import Image, ImageDraw

from scripts.artwork.scenes.light import (
    CENTRE,
    EMBER,
    ROSE,
    SIZE,
    SUN,
    Colour,
    blurred,
    gradient,
    mix,
    shine,
    vignette,
)

GROWTH = 1.42
ARCHES = 9
FLOOR = 372
NEAR, MIDDLE, FAR = (22, 15, 44), (120, 44, 104), (255, 176, 120)


class GentleZoom:
    """Within a loop each arch moves to the place of the one before it."""

    def __init__(self) -> None:
        self._light = gradient((0, SUN), (0.5, (255, 190, 130)), (0.62, EMBER), (1, (150, 50, 90)))

    def frame(self, time: float) -> Image.Image:
        image = self._light.copy()
        for number in range(ARCHES):
            size = 0.16 * GROWTH ** (number + time)
            depth = (number + time) / ARCHES
            self._arch(image, size, _tint(depth), depth)
        shine(image, (CENTRE, FLOOR - 60), (250, 200), (120, 60, 40))
        shine(image, (CENTRE, FLOOR - 30), (90, 110), (130, 100, 70))
        return vignette(image, 0.5)

    def _arch(self, image: Image.Image, size: float, tint: Colour, depth: float) -> None:
        wall = Image.new("L", SIZE, 255)
        pen = ImageDraw.Draw(wall)
        across, top, bottom = 150 * size, FLOOR - 330 * size, FLOOR + 120 * size
        pen.rectangle((CENTRE - across, top + across, CENTRE + across, bottom), fill=0)
        pen.ellipse((CENTRE - across, top, CENTRE + across, top + 2 * across), fill=0)
        paint = gradient((0, mix(tint, (8, 6, 20), 0.35)), (0.6, tint), (1, mix(tint, ROSE, 0.12)))
        shade = blurred(wall, 6 + 40 * size).point([round(n * 0.5) for n in range(256)])
        image.paste((24, 8, 36), mask=shade)
        image.paste(paint, mask=wall)
        rim = Image.new("L", SIZE)
        line = ImageDraw.Draw(rim)
        box = (CENTRE - across, top, CENTRE + across, top + 2 * across)
        width = max(1, round(3 * size))
        line.arc(box, 180, 360, fill=200, width=width)
        line.line((CENTRE - across, top + across, CENTRE - across, bottom), fill=200, width=width)
        line.line((CENTRE + across, top + across, CENTRE + across, bottom), fill=200, width=width)
        image.paste(mix(SUN, tint, min(1.0, depth * 0.8)), mask=rim)


def _tint(depth: float) -> Colour:
    half = 0.5
    if depth < half:
        return mix(FAR, MIDDLE, depth / half)
    return mix(MIDDLE, NEAR, (depth - half) / half)

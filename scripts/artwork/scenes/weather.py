"""Weather change: evening light, rain, snow, and evening again over the same hills."""

from PIL import Image, ImageChops, ImageDraw

from scripts.artwork.scenes.light import (
    EMBER,
    HEIGHT,
    SIZE,
    SUN,
    WIDTH,
    Colour,
    blurred,
    dim,
    ease,
    gradient,
    mix,
    scatter,
    shine,
    vignette,
)

CLEAR, RAIN, SNOW = 0, 1, 2
SKIES = (
    ((0, (60, 44, 124)), (0.42, (232, 104, 110)), (0.64, SUN), (1, SUN)),
    ((0, (22, 28, 52)), (0.42, (54, 70, 104)), (0.64, (96, 118, 146)), (1, (96, 118, 146))),
    ((0, (120, 136, 176)), (0.42, (178, 190, 216)), (0.64, (222, 228, 240)), (1, (222, 228, 240))),
)
HILLS: tuple[tuple[Colour, Colour, Colour], ...] = (
    ((196, 96, 112), (66, 84, 112), (196, 206, 226)),
    ((120, 52, 96), (44, 58, 84), (222, 228, 240)),
    ((48, 26, 66), (22, 30, 48), (244, 246, 252)),
)
DROPS, FLAKES = 130, 90


class WeatherChange:
    """Each weather takes a third of the loop and fades into the next."""

    def __init__(self) -> None:
        self._scenes = [_landscape(weather) for weather in (CLEAR, RAIN, SNOW)]

    def frame(self, time: float) -> Image.Image:
        now = int(time * 3)
        into = ease((time * 3 - now - 0.55) / 0.45)
        after = (now + 1) % 3
        image = Image.blend(self._scenes[now], self._scenes[after], into)
        weights = [0.0, 0.0, 0.0]
        weights[now] += 1 - into
        weights[after] += into
        if weights[RAIN]:
            image = ImageChops.screen(image, _rain(time, weights[RAIN]))
        if weights[SNOW]:
            image = ImageChops.screen(image, _snow(time, weights[SNOW]))
        return vignette(image, 0.4)


def _landscape(weather: int) -> Image.Image:
    image = gradient(*SKIES[weather])
    if weather == CLEAR:
        shine(image, (300, 330), 360, (140, 84, 50))
        shine(image, (300, 330), 92, (255, 236, 200))
    else:
        _clouds(image, SKIES[weather][0][1], SKIES[weather][2][1])
    for number, tints in enumerate(HILLS):
        _hill(image, number, tints[weather], mix(tints[weather], SKIES[weather][2][1], 0.35))
    _house(image, weather)
    return image


def _clouds(image: Image.Image, dark: Colour, pale: Colour) -> None:
    mask = Image.new("L", SIZE)
    pen = ImageDraw.Draw(mask)
    for number in range(26):
        x, y = WIDTH * scatter(number), 190 * scatter(number + 50)
        across, down = 90 + 130 * scatter(number + 9), 24 + 44 * scatter(number + 4)
        pen.ellipse((x - across, y - down, x + across, y + down), fill=150)
    image.paste(mix(dark, pale, 0.25), mask=blurred(mask, 18))


def _hill(image: Image.Image, number: int, tint: Colour, foot: Colour) -> None:
    middle = (240.0, 800.0, 420.0)[number]
    top = (352, 392, 448)[number]
    wide = (520, 620, 860)[number]
    shape = Image.new("L", SIZE)
    pen = ImageDraw.Draw(shape)
    pen.ellipse((middle - wide, top, middle + wide, top + 620), fill=255)
    if number == 0:
        pen.ellipse((560, 330, 1300, 900), fill=255)
    image.paste(gradient((0, tint), (top / HEIGHT, tint), (1, foot)), mask=shape)


def _house(image: Image.Image, weather: int) -> None:
    """Draw the fixed objects: a house with a lit window, and two trees."""
    wall = dim((250, 226, 208), (0.9, 0.5, 0.82)[weather])
    roof = ((92, 34, 70), (24, 26, 44), (238, 242, 250))[weather]
    tree = ((70, 40, 80), (20, 34, 44), (210, 220, 234))[weather]
    pen = ImageDraw.Draw(image)
    pen.rectangle((600, 396, 720, 478), fill=wall)
    pen.polygon([(584, 400), (660, 340), (736, 400)], fill=roof)
    pen.rectangle((646, 424, 676, 456), fill=SUN if weather else EMBER)
    if weather:
        shine(image, (661, 440), 90, (120, 84, 40))
    for x, size in ((520, 1.0), (790, 1.3)):
        for tier in range(3):
            y, half = 474 - tier * 36 * size, (46 - tier * 10) * size
            tint = mix(tree, (255, 255, 255), 0.05 * tier)
            pen.polygon([(x - half, y), (x + half, y), (x, y - 66 * size)], fill=tint)


def _rain(time: float, strength: float) -> Image.Image:
    """Draw drops, each of which falls through the picture a whole number of times per loop."""
    image = Image.new("RGB", SIZE)
    pen = ImageDraw.Draw(image)
    for number in range(DROPS):
        falls = 4 + number % 3
        y = (scatter(number) + time * falls) % 1 * (HEIGHT + 80) - 40
        x = scatter(number + 300) * (WIDTH + 160) - 80 - y * 0.16
        bright = strength * (0.35 + 0.4 * scatter(number + 9))
        pen.line((x, y, x - 6, y + 34), fill=dim((150, 176, 214), bright), width=3)
    return image


def _snow(time: float, strength: float) -> Image.Image:
    image = Image.new("RGB", SIZE)
    pen = ImageDraw.Draw(image)
    for number in range(FLAKES):
        near = 0.4 + 0.6 * scatter(number + 11)
        y = (scatter(number) + time * (1 + number % 2)) % 1 * (HEIGHT + 40) - 20
        x = (scatter(number + 200) + 0.03 * scatter(number + 5) * (2 * abs(time - 0.5))) * WIDTH
        radius = 5.5 * near
        box = (x - radius, y - radius, x + radius, y + radius)
        pen.ellipse(box, fill=dim((255, 255, 255), strength * near))
    return image

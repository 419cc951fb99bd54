"""Portrait alive: a person breathes, blinks and begins to smile."""

from PIL import Image, ImageDraw

from scripts.artwork.scenes.light import (
    CENTRE,
    EMBER,
    HEIGHT,
    ROSE,
    SIZE,
    WIDTH,
    blurred,
    dim,
    ease,
    gradient,
    scatter,
    shine,
    swing,
    vignette,
    wave,
)

SKIN, SHADE, HAIR, COAT, LIPS = (
    (242, 178, 146),
    (204, 118, 108),
    (36, 20, 48),
    (62, 42, 124),
    (184, 66, 84),
)
FACE = (CENTRE, 268.0)


class PortraitAlive:
    """One breath and one blink per loop."""

    def __init__(self) -> None:
        wall = gradient((0, (40, 26, 84)), (0.55, (150, 62, 110)), (1, (232, 120, 96)))
        shine(wall, (700, 180), (460, 380), (120, 66, 50))
        self._wall = wall

    def frame(self, time: float) -> Image.Image:
        image = self._wall.copy()
        _lights(image, time)
        breath, tilt = swing(time), wave(time, shift=0.1)
        _shoulders(image, breath)
        _head(image, FACE[0] + 5 * tilt, FACE[1] - 5 * breath, time)
        shine(image, (720, 250), (330, 420), (44, 22, 12))
        return vignette(image, 0.45)


def _lights(image: Image.Image, time: float) -> None:
    """Draw lamps that are out of focus and drift a little."""
    for number in range(9):
        x = WIDTH * scatter(number) + 18 * wave(time, shift=scatter(number + 20))
        y = 380 * scatter(number + 7) + 12 * wave(time, shift=scatter(number + 40))
        colour = EMBER if number % 2 else ROSE
        shine(image, (x, y), 34 + 50 * scatter(number + 3), dim(colour, 0.42))


def _shoulders(image: Image.Image, breath: float) -> None:
    pen = ImageDraw.Draw(image)
    lift, wide = 8 * breath, 5 * breath
    pen.rounded_rectangle((CENTRE - 52, 350 - lift, CENTRE + 52, 500), 40, fill=SHADE)
    box = (CENTRE - 250 - wide, 446 - lift, CENTRE + 250 + wide, HEIGHT + 300)
    pen.rounded_rectangle(box, 150, fill=COAT)
    pen.polygon(
        [(CENTRE - 74, 444 - lift), (CENTRE + 74, 444 - lift), (CENTRE, 540 - lift)], fill=SKIN
    )
    pen.line(
        [(CENTRE - 78, 442 - lift), (CENTRE, 544 - lift), (CENTRE + 78, 442 - lift)],
        fill=(92, 66, 168),
        width=14,
    )


def _head(image: Image.Image, x: float, y: float, time: float) -> None:
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((x - 142, y - 164, x + 142, y + 150), 130, fill=HAIR)
    pen.ellipse((x - 108, y - 128, x + 108, y + 138), fill=SKIN)
    _half_shadow(image, x, y)
    pen.chord((x - 126, y - 160, x + 150, y + 60), 196, 318, fill=HAIR)
    _features(pen, x, y, time)
    for side in (-1, 1):
        shine(image, (x + side * 62, y + 52), (40, 28), dim(ROSE, 0.14 + 0.14 * _smile(time)))


def _half_shadow(image: Image.Image, x: float, y: float) -> None:
    face, dark = Image.new("L", SIZE), Image.new("L", SIZE)
    ImageDraw.Draw(face).ellipse((x - 108, y - 128, x + 108, y + 138), fill=150)
    ImageDraw.Draw(dark).rectangle((0, 0, x - 40, HEIGHT), fill=255)
    image.paste(SHADE, mask=Image.composite(face, Image.new("L", SIZE), blurred(dark, 44)))


def _features(pen: ImageDraw.ImageDraw, x: float, y: float, time: float) -> None:
    shut = ease(1 - abs(time - 0.56) / 0.07)
    for side in (-1, 1):
        eye, brow = x + side * 44, y - 34 - 5 * _smile(time)
        pen.arc((eye - 30, brow - 4, eye + 30, brow + 26), 205, 335, fill=HAIR, width=7)
        tall = 13 * (1 - shut)
        if tall > 2:  # noqa: PLR2004 pixels: below that the eye is a line
            pen.ellipse((eye - 12, y + 8 - tall, eye + 12, y + 8 + tall), fill=HAIR)
            pen.ellipse(
                (eye + 1, y + 4 - tall / 2, eye + 7, y + 8 - tall / 2), fill=(255, 240, 230)
            )
        else:
            pen.arc((eye - 17, y - 4, eye + 17, y + 16), 20, 160, fill=HAIR, width=6)
    pen.arc((x - 14, y + 22, x + 16, y + 56), 30, 150, fill=SHADE, width=6)
    wide, deep = 30 + 10 * _smile(time), 6 + 17 * _smile(time)
    pen.chord((x - wide, y + 80 - deep, x + wide, y + 80 + deep), 6, 174, fill=LIPS)


def _smile(time: float) -> float:
    return ease(swing(time, shift=-0.06) * 1.2)

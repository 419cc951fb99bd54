"""Product turntable: a bottle turns in the light of a studio."""

import math

from PIL import Image, ImageChops, ImageDraw, ImageOps

from scripts.artwork.scenes.light import (
    CENTRE,
    EMBER,
    HEIGHT,
    ROSE,
    SIZE,
    WIDTH,
    blurred,
    dim,
    gradient,
    shine,
    vignette,
)

TABLE = 500
HALF, TALL = 116, 300
LABEL = (364, 176)  # as long as half the circumference
STRIP = 2


class ProductTurntable:
    """The label has its pattern twice around the bottle, so half a turn makes a loop."""

    def __init__(self) -> None:
        back = gradient(
            (0, (60, 52, 92)), (0.7, (128, 112, 156)), (0.74, (96, 82, 124)), (1, (44, 36, 66))
        )
        shine(back, (CENTRE, 250), (500, 360), (104, 84, 88))
        self._back = back
        self._label = _label()
        self._light = _lighting()
        self._outline = blurred(_outline(), 0.1)

    def frame(self, time: float) -> Image.Image:
        image = self._back.copy()
        _table(image, time)
        bottle = self._bottle(time)
        mirror = ImageOps.flip(bottle.crop((0, TABLE - 130, WIDTH, TABLE)))
        fade = gradient((0, (96, 96, 96)), (1, (0, 0, 0)), size=mirror.size).convert("L")
        shape = ImageOps.flip(self._outline.crop((0, TABLE - 130, WIDTH, TABLE)))
        image.paste(blurred(mirror, 6), (0, TABLE - 2), ImageChops.multiply(shape, fade))
        image.paste(bottle, mask=self._outline)
        return vignette(image, 0.5)

    def _bottle(self, time: float) -> Image.Image:
        """Paint the glass, wrap the label around it, and light both."""
        top = TABLE - TALL
        glass = gradient((0, (255, 176, 120)), (0.45, EMBER), (1, (190, 50, 96)))
        ImageDraw.Draw(glass).rectangle((0, 0, WIDTH, top - 36), fill=(36, 30, 50))
        for x in range(-HALF, HALF, STRIP):
            angle = math.asin((x + STRIP / 2) / HALF) / math.pi + time
            column = int(angle % 1 * LABEL[0])
            strip = self._label.crop((column, 0, column + 1, LABEL[1]))
            sag = round(7 * math.sqrt(1 - (x / HALF) ** 2))
            glass.paste(strip.resize((STRIP, LABEL[1])), (round(CENTRE) + x, top + 74 + sag))
        return ImageChops.multiply(glass, self._light)


def _label() -> Image.Image:
    """Return half of the label: one emblem on cream, with bands above and below."""
    label = Image.new("RGB", LABEL, (250, 240, 226))
    pen = ImageDraw.Draw(label)
    width, height = LABEL
    pen.rectangle((0, 0, width, 8), fill=(44, 30, 78))
    pen.rectangle((0, height - 9, width, height), fill=(44, 30, 78))
    for number in range(2):
        middle = width * (number + 0.5) / 2
        if number % 2:
            pen.rounded_rectangle((middle - 52, 72, middle + 52, 82), 5, fill=(44, 30, 78))
            pen.rounded_rectangle((middle - 34, 96, middle + 34, 103), 3, fill=(150, 136, 160))
        else:
            pen.ellipse((middle - 54, 34, middle + 54, 142), fill=ROSE)
            pen.polygon(
                [(middle - 17, 60), (middle - 17, 116), (middle + 29, 88)], fill=(255, 244, 230)
            )
    return label


def _lighting() -> Image.Image:
    """Return the light across a cylinder: a soft box on the left, a rim on the right."""
    stops = [
        (0.0, 0.3),
        (0.14, 0.72),
        (0.26, 1.0),
        (0.4, 0.9),
        (0.72, 0.5),
        (0.9, 0.34),
        (0.96, 0.8),
        (1.0, 0.5),
    ]
    band = gradient(
        *((place, dim((255, 255, 255), strength)) for place, strength in stops),
        size=(2 * HALF, HEIGHT),
        across=True,
    )
    light = Image.new("RGB", SIZE, (255, 255, 255))
    light.paste(band, (round(CENTRE) - HALF, 0))
    return light


def _outline() -> Image.Image:
    mask = Image.new("L", SIZE)
    pen = ImageDraw.Draw(mask)
    top = TABLE - TALL
    pen.rounded_rectangle((CENTRE - HALF, top, CENTRE + HALF, TABLE), 34, fill=255)
    pen.rectangle((CENTRE - 34, top - 44, CENTRE + 34, top + 10), fill=255)
    pen.rounded_rectangle((CENTRE - 54, top - 122, CENTRE + 54, top - 36), 10, fill=255)
    return mask


def _table(image: Image.Image, time: float) -> None:
    """Draw the turntable; marks on its edge show that it turns."""
    shine(image, (CENTRE, TABLE + 40), (420, 70), (40, 30, 40))
    pen = ImageDraw.Draw(image)
    box = (CENTRE - 270, TABLE - 58, CENTRE + 270, TABLE + 64)
    pen.ellipse((box[0], box[1] + 16, box[2], box[3] + 16), fill=(40, 32, 62))
    pen.ellipse(box, fill=(150, 134, 172))
    pen.ellipse((box[0] + 8, box[1] + 3, box[2] - 8, box[3] - 6), fill=(112, 98, 138))
    for mark in range(24):
        angle = 2 * math.pi * (mark + time * 12) / 24
        x, y = CENTRE + 244 * math.sin(angle), TABLE + 3 + 53 * math.cos(angle)
        pen.ellipse((x - 5, y - 2, x + 5, y + 2), fill=(196, 180, 210))
    shade = Image.new("L", SIZE)
    ImageDraw.Draw(shade).ellipse((CENTRE - 140, TABLE - 22, CENTRE + 180, TABLE + 26), fill=190)
    image.paste((38, 26, 60), mask=blurred(shade, 16))

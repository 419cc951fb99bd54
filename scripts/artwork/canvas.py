"""A sample canvas that is drawn in code, so that the demo needs no picture file."""

import io
import math

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1280, 720
DUSK, NIGHT = (255, 122, 89), (24, 18, 58)
SUN, HILL, LETTERING = (255, 214, 130), (36, 26, 74), (255, 246, 230)


def draw(headline: str = "Night life") -> bytes:
    """Return a PNG of a dusky skyline with a headline, 1280 by 720."""
    image = Image.new("RGB", (WIDTH, HEIGHT))
    pen = ImageDraw.Draw(image)
    for y in range(HEIGHT):
        pen.line((0, y, WIDTH, y), fill=_between(NIGHT, DUSK, y / HEIGHT))
    pen.ellipse((880, 250, 1140, 510), fill=SUN)
    for x in range(0, WIDTH, 64):
        height = 120 + round(90 * (1 + math.sin(x * 12.9898)))
        pen.rectangle((x, HEIGHT - height, x + 58, HEIGHT), fill=HILL)
        for window in range(HEIGHT - height + 16, HEIGHT - 16, 28):
            if math.sin(x * 0.7 + window) > 0:
                pen.rectangle((x + 12, window, x + 22, window + 12), fill=SUN)
    pen.text((72, 96), headline, font=ImageFont.load_default(96), fill=LETTERING)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _between(
    start: tuple[int, int, int], end: tuple[int, int, int], share: float
) -> tuple[int, int, int]:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
    return red, green, blue

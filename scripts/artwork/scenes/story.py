"""Story teaser: an upright picture, one line, one move."""

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from scripts.artwork.scenes.light import (
    EMBER,
    HEIGHT,
    NIGHT,
    ROSE,
    SIZE,
    SUN,
    WIDTH,
    blurred,
    ease,
    gradient,
    mix,
    shadow,
    shine,
)

CARD = (318, 556)
CORNER = ((WIDTH - CARD[0]) // 2, (HEIGHT - CARD[1]) // 2)
LINES = ("One line,", "one move.")
SCREENS = 3


class StoryTeaser:
    """The camera zooms in; at its end the loop fades into its beginning."""

    def __init__(self) -> None:
        self._picture = _dunes()
        self._font = ImageFont.load_default(46)
        self._shape = Image.new("L", SIZE)
        box = (*CORNER, CORNER[0] + CARD[0], CORNER[1] + CARD[1])
        ImageDraw.Draw(self._shape).rounded_rectangle(box, 30, fill=255)
        self._shape = self._shape.filter(ImageFilter.GaussianBlur(0.8))
        self._room = self._surroundings()

    def frame(self, time: float) -> Image.Image:
        image = self._room.copy()
        shadow(image, self._shape, offset=(0, 16), depth=40)
        card = self._pushed(time)
        fade = ease((time - 0.88) / 0.12)
        if fade:
            card = Image.blend(card, self._pushed(0), fade)
        self._write(card, time)
        _bars(card, time)
        layer = Image.new("RGB", SIZE)
        layer.paste(card, CORNER)
        image.paste(layer, mask=self._shape)
        return image

    def _surroundings(self) -> Image.Image:
        wide = self._picture.resize((WIDTH, WIDTH * CARD[1] // CARD[0]))
        top = wide.height // 2 - HEIGHT // 2
        room = blurred(wide.crop((0, top, WIDTH, top + HEIGHT)), 60)
        return Image.blend(room, Image.new("RGB", SIZE, NIGHT), 0.62)

    def _pushed(self, time: float) -> Image.Image:
        zoom = 1 + 0.34 * time
        across, down = CARD[0] / zoom, CARD[1] / zoom
        left, top = (CARD[0] - across) * 0.5, (CARD[1] - down) * 0.55
        box = (left * 2, top * 2, (left + across) * 2, (top + down) * 2)
        return self._picture.resize(CARD, Image.Resampling.BICUBIC, box)

    def _write(self, card: Image.Image, time: float) -> None:
        """Move each line into its place, and fade it out before the end."""
        leaving = ease((time - 0.8) / 0.12)
        for number, line in enumerate(LINES):
            coming = ease((time - 0.1 - number * 0.14) / 0.18)
            ink = Image.new("L", CARD)
            spot = (34, 372 + number * 52 + 26 * (1 - coming))
            ImageDraw.Draw(ink).text(
                spot, line, font=self._font, fill=round(255 * coming * (1 - leaving))
            )
            card.paste((255, 248, 236), mask=ink)


def _dunes() -> Image.Image:
    """Return the picture at twice the card's size."""
    size = (CARD[0] * 2, CARD[1] * 2)
    picture = gradient(
        (0, (44, 30, 96)), (0.3, (150, 58, 128)), (0.52, EMBER), (0.62, SUN), (1, SUN), size=size
    )
    shine(picture, (size[0] * 0.5, 520), 420, (130, 80, 60))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((200, 400, 436, 636), fill=(255, 238, 204))
    for number in range(4):
        y = 600 + number * 110
        tint = mix((226, 92, 100), (34, 20, 62), number / 3)
        lean = 1 if number % 2 else -1
        crest = [
            (x, y + lean * 70 * ease(x / size[0]) - lean * 35) for x in range(0, size[0] + 8, 8)
        ]
        pen.polygon([(0, size[1]), *crest, (size[0], size[1])], fill=tint)
    return picture


def _bars(card: Image.Image, time: float) -> None:
    """Draw the progress bar: the second of three screens."""
    pen = ImageDraw.Draw(card)
    width = (CARD[0] - 48 - 8 * (SCREENS - 1)) / SCREENS
    for number in range(SCREENS):
        left = 24 + number * (width + 8)
        pen.rounded_rectangle(
            (left, 20, left + width, 25), 2, fill=mix(ROSE, (255, 255, 255), 0.45)
        )
        done = (1.0, time, 0.0)[number]
        if done:
            pen.rounded_rectangle(
                (left, 20, left + max(5.0, width * done), 25), 2, fill=(255, 255, 255)
            )

"""Draw the page's sample picture, a street at night. Every run gives the same bytes.

The street is drawn twice: upright, and mirrored in its wet road.
"""

import argparse
import math
import random
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

from scripts.artwork.street import HAZE, Colour, Face, dimmed, mixed, street

TARGET = Path(__file__).parents[2] / "app" / "web" / "canvas" / "sample.webp"
SIZE, FINE = 1280, 2  # pixels, and how many times finer the faces are drawn
CENTRE, HORIZON = 664, 612  # where the street vanishes
FOCUS = 900.0
EYE = 1.6  # metres from the road to the camera
FOG = 62.0  # metres in which two thirds of a colour are lost
NIGHT, GLOW = (13, 15, 50), (255, 128, 128)


def drawn(world: Sequence[Face], sky: Image.Image, up: int) -> tuple[Image.Image, Image.Image]:
    """Draw the faces, and a mask of all that is not road; ``up`` is -1 for the mirror image."""
    wide = SIZE * FINE
    solid, light = sky.resize((wide, wide)), Image.new("RGB", (wide, wide))
    cover = Image.new("L", (wide, wide))
    ImageDraw.Draw(cover).rectangle((0, 0, wide, HORIZON * FINE), fill=255)
    pens = [ImageDraw.Draw(image) for image in (solid, light, cover)]
    for face in world:
        points = [
            (FINE * (CENTRE + FOCUS * x / z), FINE * (HORIZON + FOCUS * (EYE - up * y) / z))
            for x, y, z in face.points
        ]
        fog = 1 - math.exp(-face.depth / FOG)
        if face.shines:
            pens[1].polygon(points, fill=mixed(face.colour, dimmed(GLOW, 0.5), fog * 0.7))
        else:
            pens[0].polygon(points, fill=mixed(face.colour, haze(fog), fog))
            pens[1].polygon(points, fill=0)
            pens[2].polygon(points, fill=255)
    small = [
        image.resize((SIZE, SIZE), Image.Resampling.LANCZOS) for image in (solid, light, cover)
    ]
    return glowing(small[0], small[1]), small[2]


def glowing(solid: Image.Image, light: Image.Image) -> Image.Image:
    """Add the lights and their halos."""
    result = ImageChops.add(solid, light)
    bright = light.point(lambda v: 255 * (v / 255) ** 1.6)
    for radius, strength in ((2, 0.8), (8, 1.0), (28, 1.3), (90, 1.6)):
        halo = bright.filter(ImageFilter.GaussianBlur(radius)).point(lambda v, s=strength: v * s)
        result = ImageChops.screen(result, halo)
    return result


def sky() -> Image.Image:
    """Draw the night sky, which glows at the horizon."""
    image = Image.new("RGB", (1, SIZE))
    for y in range(SIZE):
        share = min(1.0, abs(y - HORIZON) / HORIZON)
        image.putpixel((0, y), mixed(haze(1 - share), NIGHT, share**0.6))
    return image.resize((SIZE, SIZE))


def haze(share: float) -> Colour:
    """Return the colour of the haze, which glows towards the end of the street."""
    return mixed(HAZE, GLOW, max(0.0, share) ** 3 * 0.7)


def grain(chance: random.Random, size: int, soft: float) -> Image.Image:
    noise = Image.frombytes("L", (size, size), chance.randbytes(size * size))
    return noise.filter(ImageFilter.GaussianBlur(soft)) if soft else noise


def on_road(texture: Image.Image, scale: float) -> Image.Image:
    """Project a texture onto the road, ``scale`` of its pixels per metre."""
    across, along = EYE * scale, FOCUS * EYE * scale / 2
    middle = texture.width / 2
    k = -1 / HORIZON
    return texture.transform(
        (SIZE, SIZE),
        Image.Transform.PERSPECTIVE,
        (across * k, middle * k, middle - across * k * CENTRE, 0, 0, along * k, 0, k),
        Image.Resampling.BILINEAR,
        fillcolor=128,
    )


def rippled(chance: random.Random, mirror: Image.Image) -> Image.Image:
    """Shift each row of the mirror image sideways, more the nearer it is."""
    result, sway = mirror.copy(), 0.0
    for y in range(HORIZON, SIZE):
        sway = sway * 0.93 + chance.uniform(-1, 1) * 0.6
        shift = round(sway * (y - HORIZON) / 130)
        result.paste(mirror.crop((0, y, SIZE, y + 1)), (shift, y))
    return result.filter(ImageFilter.GaussianBlur((0.6, 2)))


def wet(chance: random.Random, mirror: Image.Image) -> Image.Image:
    """Draw the road: clear reflections in puddles, blurred ones on the damp surface."""
    damp = Image.new("RGB", mirror.size)
    for wide, high, strength in ((1.5, 12, 0.5), (4, 44, 0.5), (9, 130, 0.6)):
        smear = mirror.filter(ImageFilter.GaussianBlur((wide, high)))
        damp = ImageChops.add(damp, smear.point(lambda v, s=strength: v * s * 0.95))
    gravel = on_road(grain(chance, 2048, 1.1), 64).point(lambda v: 214 + (v - 128) * 1.15)
    damp = ImageChops.multiply(damp, Image.merge("RGB", [gravel] * 3))
    water = rippled(chance, mirror)
    pools = on_road(grain(chance, 1024, 14), 20).point(lambda v: (v - 127) * 60)
    return Image.composite(water.point(lambda v: v * 0.92), damp, pools)


def graded(image: Image.Image) -> Image.Image:
    """Deepen the shadows, enrich the colours, darken the corners."""
    curve = [round(255 * (v / 255) ** 1.32) for v in range(256)]
    rim = Image.radial_gradient("L").resize(image.size).point(lambda v: 255 - max(0, v - 80) * 0.8)
    deep = ImageChops.multiply(image.point(curve * 3), Image.merge("RGB", [rim] * 3))
    return ImageEnhance.Color(deep).enhance(1.2)


def picture() -> Image.Image:
    chance = random.Random(11)  # noqa: S311  # the same water every time
    world = street()
    upright, cover = drawn(world, sky(), 1)
    mirror, _ = drawn(world, sky(), -1)
    return graded(Image.composite(upright, wet(chance, mirror), cover))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.artwork.sample", description=__doc__)
    parser.add_argument("--target", type=Path, default=TARGET, help="default: %(default)s")
    picture().save(parser.parse_args().target, "WEBP", quality=76, method=6)


if __name__ == "__main__":
    main()

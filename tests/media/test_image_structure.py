"""The structure of an image is checked before it is decoded: its size, parts, rows and end."""

import warnings
import zlib
from functools import partial
from io import BytesIO

import pytest
from PIL import Image

from app.media import start_images
from app.media.jpeg import MAX_SCANS, MAX_SEGMENTS
from app.media.start_images import StartImage, measure
from app.problems import InvalidImage
from tests.support.images import (
    MAX_PIXELS,
    encoded,
    jpeg_that_claims,
    picture,
    png_chunk,
    png_of,
    png_that_claims,
    webp_that_claims,
)
from tests.support.memory import Tracing

START_OF_SCAN = b"\xff\xda"


@pytest.mark.parametrize(
    "bomb",
    [
        png_that_claims(8000, 8000),
        png_that_claims(12_000, 12_000),
        png_that_claims(2**31 - 1, 2**31 - 1),
        jpeg_that_claims(65_000, 65_000),
        webp_that_claims(12_000, 12_000),
        webp_that_claims(16_000, 16_000),
    ],
)
def test_an_image_with_too_many_pixels_is_refused_by_its_header(bomb: bytes) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(InvalidImage, match=r"has \d+ x \d+ pixels, more than 40,000,000\."):
            measure(bomb, max_pixels=MAX_PIXELS)
    assert caught == []


def test_too_many_scans_are_refused_before_the_first_is_decoded() -> None:
    progressive = encoded("JPEG", progressive=True)
    last = progressive.rindex(START_OF_SCAN)
    bomb = progressive[:last] + progressive[last:-2] * MAX_SCANS + progressive[-2:]
    assert measure(progressive, max_pixels=MAX_PIXELS).width == 64
    with pytest.raises(InvalidImage, match="100 scans"):
        measure(bomb, max_pixels=MAX_PIXELS)


def test_too_many_segments_are_refused_before_the_first_is_decoded() -> None:
    jpeg = encoded("JPEG")
    empty = b"\xff\xfe\x00\x02"  # a comment
    assert measure(jpeg[:2] + empty * 900 + jpeg[2:], max_pixels=MAX_PIXELS).width == 64
    with pytest.raises(InvalidImage, match="1,000 segments"):
        measure(jpeg[:2] + empty * MAX_SEGMENTS + jpeg[2:], max_pixels=MAX_PIXELS)


def test_bytes_after_a_picture_are_not_counted_as_scans() -> None:
    film = START_OF_SCAN * 2 * MAX_SCANS  # phones append one to a "live" picture
    assert measure(encoded("JPEG") + film, max_pixels=MAX_PIXELS).width == 64


def test_the_end_of_a_thumbnail_is_not_taken_for_the_end_of_the_picture() -> None:
    progressive = encoded("JPEG", progressive=True)
    last = progressive.rindex(START_OF_SCAN)
    bomb = progressive[:last] + progressive[last:-2] * MAX_SCANS + progressive[-2:]
    thumbnail = encoded("JPEG")
    note = b"\xff\xe1" + (2 + len(thumbnail)).to_bytes(2) + thumbnail
    assert measure(progressive[:2] + note + progressive[2:], max_pixels=MAX_PIXELS).width == 64
    with pytest.raises(InvalidImage, match="100 scans"):
        measure(bomb[:2] + note + bomb[2:], max_pixels=MAX_PIXELS)


@pytest.mark.parametrize("kind", [b"zTXtComment\0\0", b"iCCPProfile\0\0"])
def test_a_text_or_profile_of_any_size_is_taken_and_stays_compressed(
    tracing: Tracing, kind: bytes
) -> None:
    whole = encoded("PNG")
    long = png_chunk(kind + zlib.compress(bytes(8 * 1024 * 1024)))
    annotated = whole[:33] + long + whole[33:]
    assert measure(annotated, max_pixels=MAX_PIXELS).width == 64
    assert tracing.of(partial(measure, annotated, max_pixels=MAX_PIXELS)).peak < 1024 * 1024


@pytest.mark.parametrize(
    ("depth", "colour", "row"),
    [(1, 0, 2), (2, 0, 4), (4, 0, 7), (16, 0, 26), (16, 2, 78), (16, 4, 52), (8, 6, 52)],
)
def test_every_depth_and_colour_of_a_png_has_the_rows_of_its_size(
    depth: int, colour: int, row: int
) -> None:
    rows = b"".join(bytes([n % 5]) + b"x" * row for n in range(7))
    sound = png_of(13, 7, rows, depth=depth, colour=colour)
    assert measure(sound, max_pixels=MAX_PIXELS).height == 7
    short = png_of(13, 7, rows[:-1], depth=depth, colour=colour)
    with pytest.raises(InvalidImage, match="incomplete"):
        measure(short, max_pixels=MAX_PIXELS)


@pytest.mark.parametrize(("side", "inflated"), [(1, 4), (2, 15), (5, 86), (8, 207)])
def test_an_interlaced_png_has_the_rows_of_all_passes(side: int, inflated: int) -> None:
    sound = png_of(side, side, bytes(inflated), interlace=1)
    assert measure(sound, max_pixels=MAX_PIXELS) == measure_with_pillow(sound)
    with pytest.raises(InvalidImage, match="incomplete"):
        measure(png_of(side, side, bytes(inflated - 1), interlace=1), max_pixels=MAX_PIXELS)


def measure_with_pillow(data: bytes) -> StartImage:
    with Image.open(BytesIO(data)) as image:
        image.load()
        return StartImage(
            data=data,
            content_type="image/png",
            extension="png",
            width=image.width,
            height=image.height,
        )


@pytest.mark.parametrize(
    "broken",
    [
        png_of(1, 1, b"\5abc"),  # an unknown filter
        png_of(2, 2, b"\0abcdef\7abcdef"),
        png_of(1, 1, b"\0a", colour=3),  # no palette
        png_of(1, 1, b"\0abcd", depth=4),  # not of RGB
        png_of(1, 1, b"\0abcd", interlace=2),
        png_of(0, 1, b""),
        encoded("PNG").replace(b"IEND", b"IENX"),
        encoded("PNG")[:8] + encoded("PNG")[33:],  # no header
    ],
)
def test_a_png_whose_parts_do_not_fit_is_invalid(broken: bytes) -> None:
    with pytest.raises(InvalidImage, match="broken"):
        measure(broken, max_pixels=MAX_PIXELS)


LARGE = [
    encoded("JPEG", progressive=True),
    encoded("WEBP"),
    encoded("WEBP", lossless=True),
    encoded("WEBP", mode="RGBA", exif=b"x" * 7),
    encoded("WEBP", save_all=True, append_images=[picture(), picture()]),
]


@pytest.mark.parametrize("data", LARGE)
@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_of_a_large_image_the_structure_is_checked(
    monkeypatch: pytest.MonkeyPatch, data: bytes, share: float
) -> None:
    monkeypatch.setattr(start_images, "MAX_DECODED_BYTES", 0)
    image = measure(data, max_pixels=MAX_PIXELS)
    assert (image.width, image.height) == (64, 48)
    with pytest.raises(InvalidImage, match="incomplete"):
        measure(data[: int(len(data) * share)], max_pixels=MAX_PIXELS)


def test_a_webp_has_one_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_images, "MAX_DECODED_BYTES", 0)
    data = bytearray(encoded("WEBP", mode="RGBA"))
    data[24] += 1  # of the canvas, not of the picture in it
    with pytest.raises(InvalidImage, match="broken"):
        measure(bytes(data), max_pixels=MAX_PIXELS)


def test_the_limit_itself_is_allowed() -> None:
    assert measure(encoded("PNG"), max_pixels=64 * 48).height == 48
    with pytest.raises(InvalidImage):
        measure(encoded("PNG"), max_pixels=64 * 48 - 1)

"""The bytes decide what an image is; its size is checked before it is decoded."""

import asyncio
import struct
import threading
import warnings
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from app.media import start_images
from app.media.start_images import MAX_SCANS, MAX_SEGMENTS, StartImage, inspect, measure
from app.problems import InvalidImage, UnsupportedImage

MAX_PIXELS = 40_000_000
START_OF_SCAN = b"\xff\xda"


def picture(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    return Image.effect_noise(size, 80).convert(mode)


def encoded(image_format: str, *, mode: str = "RGB", **options: Any) -> bytes:
    file = BytesIO()
    picture(mode).save(file, image_format, **options)
    return file.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (header, data, b"IEND")
    )


def webp_that_claims(width: int, height: int) -> bytes:
    whole = bytearray(encoded("WEBP", lossless=True))
    whole[21:25] = struct.pack("<I", (width - 1) | (height - 1) << 14)
    return bytes(whole)


def jpeg_that_claims(width: int, height: int) -> bytes:
    whole = encoded("JPEG")
    size_at = whole.index(b"\xff\xc0") + 5
    return whole[:size_at] + struct.pack(">HH", height, width) + whole[size_at + 4 :]


@pytest.mark.parametrize(
    ("data", "content_type", "extension"),
    [
        (encoded("PNG"), "image/png", "png"),
        (encoded("PNG", mode="P"), "image/png", "png"),
        (encoded("PNG", mode="RGBA"), "image/png", "png"),
        (encoded("JPEG"), "image/jpeg", "jpg"),
        (encoded("JPEG", mode="CMYK", progressive=True), "image/jpeg", "jpg"),
        (encoded("WEBP"), "image/webp", "webp"),
        (encoded("WEBP", mode="RGBA", lossless=True), "image/webp", "webp"),
    ],
)
def test_the_bytes_decide_the_content_type(data: bytes, content_type: str, extension: str) -> None:
    assert measure(data, max_pixels=MAX_PIXELS) == StartImage(
        data=data, content_type=content_type, extension=extension, width=64, height=48
    )


@pytest.mark.parametrize("image_format", ["PNG", "WEBP"])
def test_an_animation_has_the_size_of_its_first_frame(image_format: str) -> None:
    data = encoded(image_format, save_all=True, append_images=[picture(), picture()])
    assert measure(data, max_pixels=MAX_PIXELS).width == 64


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        encoded("GIF"),
        encoded("TIFF"),
        encoded("BMP"),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"\0" * 100,
    ],
)
def test_other_formats_are_unsupported(data: bytes) -> None:
    with pytest.raises(UnsupportedImage):
        measure(data, max_pixels=MAX_PIXELS)


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_an_incomplete_image_is_invalid(image_format: str, share: float) -> None:
    data = encoded(image_format)
    with pytest.raises(InvalidImage, match="incomplete"):
        measure(data[: max(12, int(len(data) * share))], max_pixels=MAX_PIXELS)


def test_a_broken_image_is_invalid() -> None:
    data = bytearray(encoded("PNG"))
    data[60] ^= 0xFF
    with pytest.raises(InvalidImage):
        measure(bytes(data), max_pixels=MAX_PIXELS)


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
        with pytest.raises(InvalidImage, match="more than 40000000 pixels"):
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


def test_a_compressed_text_that_inflates_is_refused() -> None:
    whole = encoded("PNG")
    chunk = b"zTXtComment\0\0" + zlib.compress(bytes(8 * 1024 * 1024))
    bomb = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    with pytest.raises(InvalidImage):
        measure(whole[:33] + bomb + whole[33:], max_pixels=MAX_PIXELS)


def test_the_limit_itself_is_allowed() -> None:
    assert measure(encoded("PNG"), max_pixels=64 * 48).height == 48
    with pytest.raises(InvalidImage):
        measure(encoded("PNG"), max_pixels=64 * 48 - 1)


async def test_many_images_are_inspected_at_the_same_time() -> None:
    data = encoded("PNG")
    measured = await asyncio.gather(
        *[inspect(data, max_pixels=MAX_PIXELS, user=f"user-{n}") for n in range(20)]
    )
    assert {image.width for image in measured} == {64}


async def test_no_user_occupies_both_decoders(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()

    def decode(data: bytes, *, max_pixels: int) -> StartImage:
        begun.release()
        go_on.wait()
        return measure(data, max_pixels=max_pixels)

    monkeypatch.setattr(start_images, "measure", decode)
    data = encoded("PNG")
    greedy = [
        asyncio.create_task(inspect(data, max_pixels=MAX_PIXELS, user="eve")) for _ in range(10)
    ]
    await asyncio.to_thread(begun.acquire)
    modest = asyncio.create_task(inspect(data, max_pixels=MAX_PIXELS, user="ada"))
    await asyncio.to_thread(begun.acquire)
    assert not begun.acquire(blocking=False)
    go_on.set()
    assert len(await asyncio.gather(modest, *greedy)) == 11

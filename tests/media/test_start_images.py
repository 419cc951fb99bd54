"""The bytes decide what kind of image a start image is, and users share the decoders."""

import asyncio
import threading

import pytest

from app.media import start_images
from app.media.start_images import StartImage, inspect, measure
from app.problems import InvalidImage, UnsupportedImage
from tests.support.images import (
    MAX_PIXELS,
    encoded,
    picture,
)


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


def media(*brands: bytes) -> bytes:
    """Return the beginning of an ISO base media file."""
    box = b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])
    return (4 + len(box)).to_bytes(4) + box + b"\0\0\0\x08free"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "must be"),
        (b"GIF89a", "is a GIF"),
        (encoded("GIF"), "is a GIF"),
        (encoded("TIFF"), "is a TIFF image"),
        (encoded("BMP"), "is a BMP image"),
        (encoded("ICO"), "is an icon"),
        (encoded("PDF"), "is a PDF"),
        (media(b"heic", b"mif1", b"heic"), "is a HEIC image"),
        (media(b"mif1", b"heic"), "is a HEIC image"),
        (media(b"avif", b"mif1"), "is an AVIF image"),
        (media(b"mif1", b"avif", b"miaf"), "is an AVIF image"),
        (media(b"isom", b"avc1", b"mp41"), "is an MP4 video"),
        (media(b"qt  "), "is a QuickTime video"),
        (b"\x1aE\xdf\xa3\x01", "is a WebM or Matroska video"),
        (b"RIFF\0\0\0\0AVI LIST", "is an AVI video"),
        (b"RIFF\0\0\0\0WAVEfmt ", "is a WAV sound"),
        (b"RIFF\0\0\0\0XXXX", "must be"),
        (b"\xff\x0a", "is a JPEG XL image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is an SVG drawing"),
        (b"<svg:svg/>", "is an SVG drawing"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x -->\n<svg >", "is an SVG drawing"),
        (b"<!DOCTYPE html><svg >", "is a web page"),
        (b"no <svg > at all", "must be"),
        (b"\0" * 100, "must be"),
    ],
)
def test_a_file_of_another_kind_is_unsupported_and_named(data: bytes, kind: str) -> None:
    with pytest.raises(UnsupportedImage, match=f"The start image {kind}.* PNG, JPEG or WebP"):
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

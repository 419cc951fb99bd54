"""WebP files: their size and whether they are complete (RFC 9649)."""

import struct
from collections.abc import Iterator

_FRAME = b"ANMF"


def sides(webp: bytes) -> tuple[int, int]:
    """Return width and height, which all chunks must agree on, if the file is complete.

    Raises:
        ValueError: a chunk is damaged or missing.

    """
    found = set()
    has_picture = False
    for kind, content in _chunks(webp):
        if kind in _SIDES:
            found.add(_SIDES[kind](content))
        has_picture = has_picture or kind in {b"VP8 ", b"VP8L", _FRAME}
    if len(found) != 1 or not has_picture:
        raise ValueError("no picture, or one of another size")
    return found.pop()


def _chunks(webp: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Return each chunk, without a copy."""
    view, at = memoryview(webp), 12
    end = 8 + int.from_bytes(webp[4:8], "little")
    if end > len(webp):
        raise ValueError("cut short")
    while at + 8 <= end:
        kind, size = struct.unpack_from("<4sI", webp, at)
        at += 8
        if at + size > end:
            raise ValueError("a chunk is cut short")
        yield kind, view[at : at + size]
        at += size + size % 2


def _of_lossy(content: memoryview) -> tuple[int, int]:
    """Read the header of a key frame: RFC 6386, section 9.1."""
    if len(content) < 10 or content[0] & 1 or bytes(content[3:6]) != b"\x9d\x01\x2a":  # noqa: PLR2004
        raise ValueError("no key frame")
    if 10 + (int.from_bytes(content[:3], "little") >> 5) > len(content):
        raise ValueError("the picture is cut short")
    width, height = struct.unpack_from("<HH", content, 6)
    return width & 0x3FFF, height & 0x3FFF


def _of_lossless(content: memoryview) -> tuple[int, int]:
    if len(content) <= 5 or content[0] != 0x2F or content[4] >> 5:  # noqa: PLR2004
        raise ValueError("no lossless picture")
    bits = int.from_bytes(content[1:5], "little")
    return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)


def _of_canvas(content: memoryview) -> tuple[int, int]:
    if len(content) < 10:  # noqa: PLR2004
        raise ValueError("no canvas")
    return 1 + int.from_bytes(content[4:7], "little"), 1 + int.from_bytes(content[7:10], "little")


_SIDES = {b"VP8 ": _of_lossy, b"VP8L": _of_lossless, b"VP8X": _of_canvas}

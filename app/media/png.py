"""PNG files, checked to their last pixel without holding the pixels: W3C PNG, third edition."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INFLATED_BYTES = 256 * 1024
"""Held at once."""
_FILTERS = bytes(range(5))
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""Bits per sample, by colour type."""
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PALETTE = 3
_WHOLE = ((0, 0, 1, 1),)
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
"""The first column, the first row and the steps of each pass of an interlaced image."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """What the chunk ``IHDR`` says."""

    width: int
    height: int
    bits_per_pixel: int
    has_palette: bool
    interlaced: bool

    def passes(self) -> Iterator[tuple[int, int]]:
        """Return the rows of each pass and the bytes of each row, with its filter's number."""
        for x, y, step_x, step_y in _ADAM7 if self.interlaced else _WHOLE:
            columns, rows = -((x - self.width) // step_x), -((y - self.height) // step_y)
            if columns > 0 and rows > 0:
                yield rows, 1 + (columns * self.bits_per_pixel + 7) // 8


def header_of(png: bytes) -> Header:
    """Read the header.

    Raises:
        ValueError: it is missing or nonsense.

    """
    kind, content = next(_chunks(png))
    if kind != b"IHDR" or len(content) != struct.calcsize(">IIBBBBB"):
        raise ValueError("no header")
    width, height, depth, colour, *methods, interlace = struct.unpack(">IIBBBBB", content)
    if depth not in _DEPTHS.get(colour, ()) or any(methods) or interlace > 1 or not width * height:
        raise ValueError("an impossible header")
    return Header(
        width=width,
        height=height,
        bits_per_pixel=depth * _SAMPLES[colour],
        has_palette=colour == _PALETTE,
        interlaced=bool(interlace),
    )


def check(png: bytes) -> None:
    """Check every chunk, and that the pixels are complete. Texts and profiles stay compressed.

    Raises:
        ValueError: a chunk or the pixels are damaged or missing.

    """
    header = header_of(png)
    rows = _Rows(header)
    has_palette = False
    for kind, content in _chunks(png):
        has_palette = has_palette or kind == b"PLTE"
        if kind == b"IDAT":
            rows.feed(content)
    if not rows.complete or header.has_palette > has_palette:
        raise ValueError("pixels or colours are missing")


def _chunks(png: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Return each chunk before the last, without a copy."""
    view, at = memoryview(png), len(SIGNATURE)
    while True:
        try:
            size, kind = struct.unpack_from(">I4s", png, at)
            content = view[at + 8 : at + 8 + size]
            (checksum,) = struct.unpack_from(">I", png, at + 8 + size)
        except struct.error as error:
            raise ValueError("cut short") from error
        if zlib.crc32(content, zlib.crc32(kind)) != checksum:
            raise ValueError("a damaged chunk")
        if kind == b"IEND":
            return
        yield kind, content
        at += 12 + size


class _Rows:
    """Inflates the pixels piece by piece and checks that each row begins with a known filter."""

    def __init__(self, header: Header) -> None:
        self._inflater = zlib.decompressobj()
        self._passes = header.passes()
        self._left = self._row = self._to_next = 0
        """Bytes of this pass that are missing, bytes of a row, bytes until the next row."""
        self.complete = False
        self._next_pass()

    def feed(self, content: memoryview) -> None:
        """Check the next compressed bytes; those after the last row are ignored."""
        rest: bytes | memoryview = content
        while not self.complete:
            try:
                piece = self._inflater.decompress(rest, _INFLATED_BYTES)
            except zlib.error as error:
                raise ValueError("damaged pixels") from error
            if not piece:
                return
            self._check(piece)
            rest = self._inflater.unconsumed_tail

    def _check(self, piece: bytes) -> None:
        at = 0
        while not self.complete and at < len(piece):
            part = piece[at : at + self._left]
            if part[self._to_next :: self._row].translate(None, _FILTERS):
                raise ValueError("an unknown filter")
            self._to_next = (self._to_next - len(part)) % self._row
            self._left -= len(part)
            at += len(part)
            if not self._left:
                self._next_pass()

    def _next_pass(self) -> None:
        rows, self._row = next(self._passes, (0, 0))
        self._left = rows * self._row
        self._to_next = 0
        self.complete = not rows

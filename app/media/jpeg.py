"""JPEG files: their size, how they are built, and what decoding them takes (ITU-T T.81)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.problems import InvalidImage

MAX_SCANS = 100
"""A JPEG usually has about ten. A scan of 60 bytes can cover every pixel."""
MAX_SEGMENTS = 1000
"""A JPEG usually has some dozens, and one per 64 KiB of profiles and metadata."""

_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEQUENTIAL = {0xC0, 0xC1}
_BLOCK_BYTES = 128
"""Of 64 coefficients."""


@dataclass(frozen=True, kw_only=True)
class Structure:
    """What the segments of a JPEG say."""

    width: int
    height: int
    metadata_bytes: int
    """Before the first scan."""
    coefficient_bytes: int
    """Held while several scans are decoded; none if there is one scan of all colours."""
    is_complete: bool


def structure_of(jpeg: bytes) -> Structure:
    """Read the segments of a JPEG.

    Raises:
        InvalidImage: there are more scans or segments than in a usual JPEG.
        ValueError: the picture or its size is missing.

    """
    frame = scan = None
    metadata_bytes = scans = 0
    is_complete = False
    for marker, at, content in _segments(jpeg):
        if marker == _END_OF_IMAGE:
            is_complete = True
        elif marker == _START_OF_SCAN:
            scans += 1
            if scans > MAX_SCANS:
                raise InvalidImage(f"The image has more than {MAX_SCANS} scans.")
            if scan is None:
                scan, metadata_bytes = content, at
        elif marker in _FRAMES and frame is None:
            frame = marker, content
    if frame is None or not scan:
        raise ValueError("no picture")
    return _structure(*frame, scan, metadata_bytes=metadata_bytes, is_complete=is_complete)


def _segments(jpeg: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Return the marker, the place and the content of each segment, the end of the image last."""
    at = 0
    for _ in range(MAX_SEGMENTS):
        found = _MARKER.search(jpeg, at)
        if found is None:
            return
        marker, start = found[0][1], found.end()
        at = start + int.from_bytes(jpeg[start : start + 2])
        yield marker, found.start(), jpeg[start + 2 : at]
        if marker == _END_OF_IMAGE:
            return
    raise InvalidImage(f"The image has more than {MAX_SEGMENTS:,} segments.")


def _structure(
    marker: int, frame: bytes, scan: bytes, *, metadata_bytes: int, is_complete: bool
) -> Structure:
    height, width = int.from_bytes(frame[1:3]), int.from_bytes(frame[3:5])
    sampling = [(each >> 4, each & 15) for each in frame[7::3]]
    if not (width * height and all(across * down for across, down in sampling) and sampling):
        raise ValueError("no size")
    units = -(-width // (8 * max(across for across, _ in sampling)))
    units *= -(-height // (8 * max(down for _, down in sampling)))
    blocks = units * sum(across * down for across, down in sampling)
    at_once = marker in _SEQUENTIAL and scan[0] == len(sampling)
    return Structure(
        width=width,
        height=height,
        metadata_bytes=metadata_bytes,
        coefficient_bytes=0 if at_once else blocks * _BLOCK_BYTES,
        is_complete=is_complete,
    )

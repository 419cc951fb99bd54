"""The parts of a submit: which are kept, where, and how large they may be."""

from collections.abc import AsyncGenerator

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartParser

from app.api.body import midway_headers
from app.problems import ImageTooLarge, InvalidMultipart, Problem

MAX_DATA_BYTES = 64 * 1024
"""Bytes of ``data``."""
MAX_PARTS = 100
"""Parts besides the image. Most forms of web apps have fewer."""
SPOOL_BYTES = 64 * 1024
"""Of an image that is being received; a larger one is on disk."""


class SubmissionParser(MultiPartParser):
    """Keeps ``startImage`` as a file and ``data`` as a text, and passes over other parts.

    Clients differ in what has a file name: browsers send one with a Blob, some libraries send
    none with an image. So the name of a part decides what it is.

    Raises:
        InvalidMultipart: a part is not what its name says, or ``data`` is too large or repeated.
        ImageTooLarge: the image is too large.

    """

    spool_max_size = SPOOL_BYTES

    def __init__(
        self, headers: Headers, stream: AsyncGenerator[bytes, None], *, max_image_bytes: int
    ) -> None:
        super().__init__(
            headers, stream, max_files=1, max_fields=MAX_PARTS, max_part_size=MAX_DATA_BYTES
        )
        self._bounds = {"startImage": max_image_bytes, "data": MAX_DATA_BYTES}
        self._ending = midway_headers(headers)
        self._part_bytes = 0
        self._has_data = False

    def on_part_begin(self) -> None:
        self._part_bytes = 0
        super().on_part_begin()

    def on_headers_finished(self) -> None:
        part = self._current_part
        given = part.content_disposition or b""
        _, options = parse_options_header(given)
        kept = b"other"
        if options.get(b"name") == b"data":
            if self._has_data:
                raise InvalidMultipart("data is sent more than once.", headers=self._ending)
            self._has_data = True
            kept = b"data"
        elif options.get(b"name") == b"startImage":
            kept = b"startImage; filename=startImage"
            kind = dict(part.item_headers).get(b"content-type", b"").lower()
            # The parser knows no filename*, which some clients send for a name like "bär.png".
            if not (b"filename" in options or b"filename*=" in given or b"image/" in kind):
                raise InvalidMultipart(
                    "startImage is a text: send it as a file, or with the type of an image.",
                    headers=self._ending,
                )
        part.content_disposition = b"form-data; name=" + kept
        super().on_headers_finished()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        name = self._current_part.field_name
        if name in self._bounds:
            self._part_bytes += end - start
            if self._part_bytes > self._bounds[name]:
                raise self._too_large(name)
            super().on_part_data(data, start, end)

    def _too_large(self, name: str) -> Problem:
        kind = ImageTooLarge if name == "startImage" else InvalidMultipart
        text = f"{name} must not be larger than {self._bounds[name]:,} bytes."
        return kind(text, headers=self._ending)

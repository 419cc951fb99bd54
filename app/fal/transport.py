"""The transport under every call to fal's API: each request is sent once.

fal-client repeats a request up to ten times after some of httpx's errors and after some statuses,
even if fal may have carried it out already (measured with fal-client 1.0.3). This transport lets
neither through: it returns a complete 2xx answer or raises an error of this service.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic

import httpx

from app.caching.bodies import read_body
from app.errors import FalAnswerLost, FalRefused, FalUnreachable
from app.fal.messages import parse
from app.telemetry.dependencies import record
from app.telemetry.traces import outgoing_headers

TIMEOUT = httpx.Timeout(120, connect=5, pool=5)
HANG_SECONDS = 3.0
"""Without an answer. Some callers wait for less, and that says nothing about fal."""
PIECE_BYTES = 64 * 1024
"""Of a body that is sent."""
LARGEST_ANSWER = 5 * 1024 * 1024
"""Bytes."""
LONGEST_REASON = 500
"""Characters."""

_NOTHING_WAS_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
)
_URL_WITH_QUERY = re.compile(r"(\w+://[^\s?#]+)[?#]\S*")
_DAY = 24 * 60 * 60


class SingleAttempt(httpx.AsyncBaseTransport):
    """Sends each request once over ``pool`` and reads the complete answer.

    ``secret`` is removed from every message.

    Raises:
        FalUnreachable: nothing was sent.
        FalRefused: fal answered with anything but 2xx.
        FalAnswerLost: the request was sent, and no complete answer came back.

    """

    def __init__(self, pool: httpx.AsyncClient, *, secret: str) -> None:
        self._pool = pool
        self._secret = secret

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request`` and return its 2xx answer."""
        request.extensions["timeout"] = TIMEOUT.as_dict()  # fal-client sets none for some calls
        request.headers["Accept-Encoding"] = "gzip"  # what read_body can read
        request.headers.update(outgoing_headers())
        request.stream = _Pieces(request.content)
        began = monotonic()
        try:
            response = await self._pool.send(request, stream=True)
        except _NOTHING_WAS_SENT as error:
            record("fal", up=False)
            raise FalUnreachable("fal cannot be reached") from error
        except httpx.RequestError as error:
            record("fal", up=False)
            raise FalAnswerLost("fal's answer was lost") from error
        except asyncio.CancelledError:  # its caller waits no longer
            if monotonic() - began >= HANG_SECONDS:
                record("fal", up=False)
            raise
        record("fal", up=not response.is_server_error)
        body = await _read(response)
        if not response.is_success:
            raise self._refusal(response, body or b"")
        if body is None:
            raise FalAnswerLost("fal's answer was cut short")
        response.headers.pop("Content-Encoding", None)  # the body is decoded already
        return httpx.Response(response.status_code, headers=response.headers, content=body)

    def _refusal(self, response: httpx.Response, body: bytes) -> FalRefused:
        reason = (
            _reason(body)
            or response.headers.get("X-Fal-Error-Type")
            or f"fal answered {response.status_code} {response.reason_phrase}"
        )
        return FalRefused(
            self._readable(reason),
            status=response.status_code,
            retry_after=_retry_after(response.headers.get("Retry-After")),
        )

    def _readable(self, text: str) -> str:
        """Return ``text`` as one line of bounded length, without the key and queries of URLs."""
        start = text[: 4 * LONGEST_REASON]
        printable = "".join(char if char.isprintable() else " " for char in start)
        line = _URL_WITH_QUERY.sub(r"\1", " ".join(printable.split()))
        if self._secret:
            line = line.replace(self._secret, "…")
        return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 1] + "…"


class _Pieces(httpx.AsyncByteStream):
    """Sends a body piece by piece: sent at once, it is copied two or three times on its way."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), PIECE_BYTES):
            yield self._content[start : start + PIECE_BYTES]


async def unbind(response: httpx.Response) -> None:
    """Break the cycle of a response that is read: its stream refers to it.

    Otherwise the request, with the image that it has sent, is kept until a garbage collection.
    """
    response.stream = httpx.ByteStream(b"")


async def _read(response: httpx.Response) -> bytes | None:
    """Return the body, or None if it is cut short, or cannot be read within ``LARGEST_ANSWER``."""
    try:
        return await read_body(response, max_bytes=LARGEST_ANSWER)
    except (httpx.RequestError, ValueError):
        return None
    finally:
        await response.aclose()
        await unbind(response)


def _reason(body: bytes) -> str:
    """Return fal's reason from any shape of its error bodies, or an empty string."""
    try:
        answer = parse(body)
    except ValueError:
        return ""
    match answer:
        case {"detail": [_, *_] as items}:
            return "; ".join(filter(None, map(_line, items)))
        case {"detail": {"msg": _} as item}:
            return _line(item)
        case (
            {"detail": str(text)}
            | {"detail": {"message": str(text)}}
            | {"message": str(text)}
            | {"error": str(text)}
            | {"error": {"message": str(text)}}
            | {"error_type": str(text)}
        ):
            return text
    return ""


def _line(item: object) -> str:
    match item:
        case {"msg": str(text), "type": str(kind)}:
            return f"{text} ({kind})"
        case {"msg": str(text)} | {"type": str(text)} | str(text):
            return text
    return ""


def _retry_after(value: str | None) -> int | None:
    """Return a ``Retry-After`` in seconds; it may be an HTTP date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    try:
        seconds = int(value) if value.strip().isdecimal() else _seconds_until(value)
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0), _DAY)


def _seconds_until(date: str) -> int:
    moment = parsedate_to_datetime(date)
    if moment.tzinfo is None:  # "-0000" means UTC (RFC 5322, 3.3)
        moment = moment.replace(tzinfo=UTC)
    return round((moment - datetime.now(UTC)).total_seconds())

"""uvicorn's faster HTTP protocol, with limits on memory and time for every connection."""

import asyncio
import weakref
from typing import Any, Final, cast

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.server.answer_writer import AnswerWriter
from app.server.memory import MemoryBudget

MAX_HEAD_BYTES = 64 * 1024
"""For the request line with its headers, and for trailers. One read may exceed it."""
MAX_HEADERS = 200
"""Of one request: a header of four bytes takes over a hundred in memory."""
READ_BYTES = 16 * 1024
"""For one read of a connection; asyncio's own reads take up to 256 KiB."""
MAX_UNSENT_BYTES = 16 * 1024
"""Of an answer that the peer does not read; more are counted."""
MAX_HELD_BYTES = 16 * 1024 * 1024
"""For all connections: requests until they are answered, bytes that wait, and unsent answers."""
UNCOUNTED_BYTES = 2 * 1024
"""Of each connection: a head in two packets is served even while others use all that is counted."""
UNCOUNTED_HEADERS = 32
"""Of a request whose head is not large. Browsers send some twenty."""
HEADER_BYTES = 160
"""Memory for one header besides its text."""
MAX_CONNECTIONS = 8192
"""Each takes some 5 KiB. The next one is closed at once."""
HEAD_SECONDS = 20.0
"""For a complete head, from the opening of the connection or the first byte of a request."""
STALL_SECONDS = 20.0
"""Without reading from an answer, after which the connection is aborted."""

_HEAD_END = b"\r\n\r\n"
_CHUNKED_PIECE = 256
"""Bytes: a chunked body is cut at line ends, but not more often than this."""
_held: Final = MemoryBudget(MAX_HELD_BYTES)
_NOTHING: Final[Any] = b""


class BoundedHttpProtocol(HttpToolsProtocol):
    """Closes a connection whose peer sends endless headers, sends too slowly, or does not read.

    One request of a connection is parsed at a time. At most one read of what follows it waits
    here; the rest stays with the peer.

    uvicorn has no limit for this protocol; ``h11_max_incomplete_event_size`` is for h11 only.
    """

    # Slots save 1 KiB for each of thousands of connections.
    __slots__ = (
        "_body_left",
        "_counted",
        "_head_bytes",
        "_head_timer",
        "_in_head",
        "_is_count_due",
        "_request_bytes",
        "_stall_timer",
        "_unread",
    )

    flow: "_Flow"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = False
        self._head_bytes = 0
        self._body_left = 0
        self._unread = b""
        self._counted = 0
        self._request_bytes = 0
        self._is_count_due = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None

    def connection_made(  # type: ignore[override] # as in uvicorn
        self, transport: asyncio.Transport
    ) -> None:
        super().connection_made(transport)
        cast("Any", transport).max_size = READ_BYTES  # asyncio has no public name for it
        self.flow = _Flow(transport)
        transport.set_write_buffer_limits(MAX_UNSENT_BYTES)
        self._await_head()
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self.resume_writing()
        self._unread = b""
        self._in_head = False
        self._count_held()
        super().connection_lost(exc)
        if not self._is_idle:
            self._count_until_freed(self.cycle)

    def data_received(self, data: bytes) -> None:
        """Parse one request; what follows waits until it is answered."""
        self._unset_keepalive_if_required()
        while data:
            end = self._piece_end(data)
            piece, data = (data, b"") if end >= len(data) else (data[:end], data[end:])
            self._head_bytes += len(piece)
            data = self._parse(piece) + data
            if self.transport.is_closing():
                return
            if self._head_bytes > MAX_HEAD_BYTES or (
                self._in_head and len(self.headers) > MAX_HEADERS
            ):
                self.headers.clear()  # here, not when a collection finds the connection
                self.send_400_response("The head of the request is too large.")
                return
            if data and not (self._in_head or self._is_idle or self.cycle.more_body):
                self._unread = data
                self.flow.hold()
                break
        if self._head_timer is None and (self._in_head or self._is_idle):
            self._await_head()
        if self._unread or self._in_head or self._counted:
            self._count_held()

    def on_message_begin(self) -> None:
        self._in_head, self._body_left = True, 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        # As uvicorn's own, without its call: polls spend a twentieth of their time here.
        if not self._in_head:  # nobody reads trailers, and uvicorn would keep each of them
            return
        name = name.lower()
        if name == b"content-length":
            self._body_left = int(value)
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        size = self._head_bytes
        is_large = size > UNCOUNTED_BYTES or len(self.headers) > UNCOUNTED_HEADERS
        self._in_head, self._head_bytes = False, 0
        if self._head_timer is not None:
            self._stop_waiting()
        if is_large and len(self.headers) > MAX_HEADERS:
            self.headers.clear()
            raise ValueError("too many headers")  # uvicorn answers 400 to any error in here
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:  # an offer of an upgrade begins no answer
            self.cycle.transport = cast("asyncio.Transport", AnswerWriter(self.cycle))
            if is_large or self.pipeline:
                self._count_request(size, before)

    def on_body(self, body: bytes) -> None:
        self._head_bytes = 0
        self._body_left -= len(body)
        super().on_body(body)
        if len(self.cycle.body) > UNCOUNTED_BYTES:
            self._count_soon()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        cycle = self.cycle
        if cycle.response_complete:  # otherwise another one has begun
            self.url = self.headers = self.scope = cycle.scope = cycle.body = _NOTHING
            if self._counted or self._request_bytes:
                self._request_bytes = 0
                self._count_held()
        if self._unread and self._is_idle and not self.transport.is_closing():
            data, self._unread = self._unread, b""
            self.flow.release()
            self.data_received(data)
            self.flow.resume_reading()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall_timer = self.loop.call_later(STALL_SECONDS, self.transport.abort)
        self._count_held()

    def resume_writing(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None
            self._count_held()
        super().resume_writing()

    def _parse(self, piece: bytes) -> bytes:
        """Parse a piece; return what is to be parsed once more after an offer of an upgrade."""
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as offer:
            return self._head_without_offer() + piece[offer.args[0] :]
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        return b""

    def _should_upgrade(self) -> bool:
        """Keep uvicorn from starting a request that offers an upgrade: it is parsed once more.

        uvicorn asks only if the parser has found an offer, or the method CONNECT.
        """
        if self.parser.get_method() == b"CONNECT":
            raise ValueError("a tunnel")
        return True

    def _head_without_offer(self) -> bytes:
        """Return the head without its offer of an upgrade, for a new parser.

        The parser skips the body of a request with ``Upgrade`` (MagicStack/httptools#124). An
        offer may be ignored, see RFC 9110, section 7.8.
        """
        version = self.parser.get_http_version().encode()
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/" + version]
        lines += [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        return b"\r\n".join(lines) + _HEAD_END

    @property
    def _is_idle(self) -> bool:
        """No answer is in progress, so the next bytes must begin a request."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _piece_end(self, data: bytes) -> int:
        """Return the length of a piece that completes at most one head, or few after chunks."""
        cycle: RequestResponseCycle | None = self.cycle
        in_body = cycle is not None and cycle.more_body and not self._in_head
        if in_body and self._body_left > 0:
            return self._body_left
        end = data.find(_HEAD_END, _CHUNKED_PIECE if in_body else 0)
        return len(data) if end < 0 else end + len(_HEAD_END)

    def _count_held(self) -> None:
        """Count what this connection holds, and close it if all together hold too much."""
        held = len(self._unread) + self._request_bytes
        if self._in_head:
            held += self._head_bytes
        if self.cycle is not None:
            held += len(self.cycle.body)
        if self._stall_timer is not None:
            held += self.transport.get_write_buffer_size()
        held = max(0, held - UNCOUNTED_BYTES)
        _held.give_back(self._counted)
        self._counted = 0
        if _held.take(held):
            self._counted = held
        else:
            self.transport.abort()

    def _count_request(self, head_bytes: int, before: RequestResponseCycle) -> None:
        kept = head_bytes + 2 * len(self.url)  # uvicorn keeps the path, as bytes and as a text
        self._request_bytes += kept + HEADER_BYTES * len(self.headers)
        if self.pipeline:  # few chunks and this request came in one piece
            self._request_bytes += len(before.body)
        self._count_soon()

    def _count_soon(self) -> None:
        """Count when the application has had its turn: it may have answered, or read the body."""
        if not self._is_count_due:
            self._is_count_due = True
            self.loop.call_soon(self._count_now)

    def _count_now(self) -> None:
        self._is_count_due = False
        if self in self.connections:
            self._count_held()

    def _count_until_freed(self, cycle: RequestResponseCycle) -> None:
        """Count a request whose connection is lost until the application has ended."""
        # The last references to it are those of the application.
        cycle.transport, cycle.on_response = self.transport, lambda: None
        self.pipeline.clear()
        if self._counted:
            weakref.finalize(cycle, _held.give_back, self._counted).atexit = False
            self._counted = 0

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class _Flow(FlowControl):
    """Keeps reading paused while bytes of a later request wait, whatever an application reads."""

    _is_held = False

    def hold(self) -> None:
        self.pause_reading()
        self._is_held = True

    def release(self) -> None:
        self._is_held = False

    def resume_reading(self) -> None:
        if self.read_paused and not self._is_held:
            super().resume_reading()

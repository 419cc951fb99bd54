"""uvicorn's faster protocol, with bounds on what is sent beside a body, and on not reading."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_HEAD_BYTES = 64 * 1024
"""Of a request line with its headers, and of trailers; a read of some 256 KiB may come on top."""
HEAD_SECONDS = 20.0
"""For a head to arrive, from the opening of the connection or from the first byte after it."""
STALL_SECONDS = 20.0
"""That a peer may take nothing of its answers before it is given up."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """A connection whose peer can neither fill the memory nor stay for ever by saying little."""

    # 1 KiB less for each of thousands
    __slots__ = ("_beside_body", "_in_head", "_overdue", "_stalled")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = False
        self._beside_body = 0
        self._overdue: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(  # type: ignore[override] # as uvicorn's own
        self, transport: asyncio.Transport
    ) -> None:
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._beside_body += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._beside_body > MAX_HEAD_BYTES:
            self.send_400_response("The head of the request is too large.")
        elif self._overdue is None and (self._in_head or self._is_idle):
            self._await_head()

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head, self._beside_body = False, 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._beside_body = 0
        super().on_body(body)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    @property
    def _is_idle(self) -> bool:
        """Nothing is being answered: whatever a peer says now has to lead to a request."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _await_head(self) -> None:
        self._overdue = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

"""Writes an answer to its connection in as few pieces as possible."""

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class AnswerWriter:
    """Sends the head of an answer together with the first piece of its body.

    uvicorn writes them one after the other: two system calls and two packets.
    """

    __slots__ = ("_cycle", "_head", "_transport")

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle
        self._transport = cycle.transport
        self._head: bytes | None = None

    def write(self, data: bytes) -> None:
        """Write; the head of an answer whose length is known waits for its body."""
        if self._head:
            data, self._head = self._head + data, b""
        elif self._head is None:
            cycle = self._cycle
            del self._cycle  # otherwise only a collection frees the two
            if cycle.chunked_encoding is False and cycle.scope["method"] != "HEAD":
                self._head = data
                return
            self._head = b""
        self._transport.write(data)

    def close(self) -> None:
        """Write what waits and close the connection."""
        if self._head:
            self.write(b"")
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

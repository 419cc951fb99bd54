"""HTTP requests as bytes, one to a connection."""

from dataclasses import dataclass

CLOSING = b"Host: service\r\nConnection: close\r\n"
LAST_REQUEST = b"\r\n\r\nGET /healthz HTTP/1.1\r\n" + CLOSING + b"\r\n"
"""Sent after raw bytes: a server that still reads a head answers this, then closes."""


@dataclass(frozen=True)
class Attempt:
    """The bytes that one connection sends, and the operation that they are meant for."""

    kind: str
    sent: bytes
    method: str = ""
    path: str = ""
    """As in the OpenAPI document, with its ``{parameters}``."""
    may_stay_open: bool = False
    """Whether the service may rightly wait for the rest of the request."""


def get(
    kind: str, target: str, query: bytes, headers: dict[bytes, bytes], *, path: str = ""
) -> Attempt:
    sent = _head(f"GET {target}?".encode() + query, headers) + b"\r\n"
    return Attempt(kind, sent, "get", path or target)


def post(
    kind: str,
    target: str,
    headers: dict[bytes, bytes],
    body: bytes,
    *,
    path: str = "",
    length: bytes = b"",
    chunked: bool = False,
) -> Attempt:
    """Post ``body``; ``length`` is a false Content-Length."""
    head = _head(f"POST {target}".encode(), headers)
    if chunked:
        chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        sent = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n"
    else:
        sent = head + b"Content-Length: %b\r\n\r\n" % (length or b"%d" % len(body)) + body
    return Attempt(kind, sent, "post", path or target, may_stay_open=bool(length))


def _head(line: bytes, headers: dict[bytes, bytes]) -> bytes:
    fields = b"".join(b"%b: %b\r\n" % field for field in headers.items())
    return line + b" HTTP/1.1\r\n" + CLOSING + fields

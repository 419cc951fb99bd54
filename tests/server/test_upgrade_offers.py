"""An offer to upgrade (``Upgrade: h2c``) is passed over: the request and its body are served."""

import asyncio
from typing import Any

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from app.server.protocol import BoundedHttpProtocol

OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = b"GET /smuggled HTTP/1.1\r\n\r\n"
SIZED = b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nA: b\r\n\r\n" % (len(BODY), BODY)
POST = b"POST /first HTTP/1.1\r\nHost: x\r\n"
ECHOED = b"POST /first " + BODY


class Peer(asyncio.Transport):
    """The other end of a connection: keeps what is written to it, and may pause."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.paused = self.closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    answer = f"{request.method} {request.url.path} ".encode() + await request.body()
    await PlainTextResponse(answer)(scope, receive, send)


async def answers(*pieces: bytes) -> list[bytes]:
    """Send pieces over one connection; return the bodies of the answers, and ``b""`` at its end."""
    config = uvicorn.Config(echo, http=BoundedHttpProtocol, log_config=None, lifespan="off")
    config.load()
    state = ServerState()
    line, peer = BoundedHttpProtocol(config, state, {}), Peer()
    line.connection_made(peer)
    for piece in filter(None, pieces):
        if not peer.closed:
            line.data_received(piece)
        while peer.paused:  # noqa: ASYNC110 uvicorn has no event for it
            await asyncio.sleep(0)
    while state.tasks:  # noqa: ASYNC110
        await asyncio.sleep(0)
    peer.close()
    line.connection_lost(None)
    return [each.partition(b"\r\n\r\n")[2] for each in peer.written.split(b"HTTP/1.1 200")[1:]]


@pytest.mark.parametrize(
    ("first", "echoed"),
    [
        (b"GET /first HTTP/1.1\r\n" + OFFER + b"\r\n", b"GET /first "),
        (POST + OFFER + SIZED, ECHOED),
        (POST + OFFER + CHUNKED, ECHOED),
        (POST + OFFER.replace(b"h2c", b"websocket").upper() + SIZED, ECHOED),
        (POST + b"connection:upgrade\r\nupgrade:h2c,tls/1.0\r\nupgrade: x\r\n" + SIZED, ECHOED),
    ],
    ids=["no body", "length", "chunks", "websocket", "two offers"],
)
async def test_offer_is_passed_over_wherever_the_bytes_are_cut(first: bytes, echoed: bytes) -> None:
    sent = first + first + NEXT
    expected = [echoed, echoed, b"GET /next "]
    for cut in range(len(sent)):
        assert await answers(sent[:cut], sent[cut:]) == expected, f"cut at {cut}"
    assert await answers(*(sent[at : at + 1] for at in range(len(sent)))) == expected


@pytest.mark.parametrize("target", [b"/", b"service:80"])
async def test_tunnel_is_refused(target: bytes) -> None:
    assert await answers(b"CONNECT %s HTTP/1.1\r\n%s\r\n%s" % (target, OFFER, NEXT)) == []

"""A download has exactly the bytes of the host, or fails with the reason."""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from typing import TYPE_CHECKING, TypeVar

import httpx
import pytest

from app.errors import (
    StorageUnavailable,
    VideoError,
    VideoHostAway,
    VideoRejected,
    VideoUnavailable,
)
from app.media import downloads
from app.media.downloads import download
from app.media.hosts import MediaHosts
from app.telemetry.logs import without_query
from tests.support.sockets import raw_server, serve_on_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from app.media.downloads import Download

T = TypeVar("T")
HOSTS = MediaHosts(["fal.media", "*.fal.media", "storage.googleapis.com/falserverless"])
URL = "https://v3.fal.media/files/video.mp4?signature=secret"
FTYP = b"\0\0\0\x18ftypmp42"


class ToPort(httpx.AsyncHTTPTransport):
    """Sends every request to one port of this machine."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.port)
        return await super().handle_async_request(request)


async def fetch(
    transport: httpx.AsyncBaseTransport,
    folder: Path,
    *,
    url: str = URL,
    max_bytes: int = 10_000_000,
    timeout: float = 60,  # noqa: ASYNC109 - handed on
) -> Download:
    async with httpx.AsyncClient(transport=transport) as client:
        return await download(
            client,
            url,
            folder / "video.mp4",
            hosts=HOSTS,
            max_bytes=max_bytes,
            timeout=timeout,
        )


def ok(body: bytes, **headers: object) -> bytes:
    lines = {"Content-Type": "video/mp4", **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return b"HTTP/1.1 200 OK\r\n" + head.encode() + b"\r\n" + body


async def test_the_file_holds_exactly_the_bytes_of_the_host(tmp_path: Path) -> None:
    body = FTYP + os.urandom(3_000_000)
    async with raw_server(ok(body, Content_Length=len(body))) as server:
        got = await fetch(ToPort(server.port), tmp_path)
    assert got.path.read_bytes() == body
    assert (got.size, got.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert "accept-encoding: identity\r\n" in server.heads[0].lower()


async def test_a_host_need_not_send_the_length(tmp_path: Path) -> None:
    async with raw_server(ok(FTYP)) as server:
        assert (await fetch(ToPort(server.port), tmp_path)).size == len(FTYP)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answered 404"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "answered 204"),
        (b"HTTP/1.1 302 Found\r\n\r\n", "answered 302"),
        (ok(FTYP, Content_Length=1000), "cut short"),
        (ok(b"5\r\nshort\r\n", Transfer_Encoding="chunked"), "cut short"),
        (ok(FTYP + bytes(200), Content_Length=212), "larger than 100 bytes"),
        (ok(b"", Content_Length=0), "cut short"),
        (ok(b"<html><body>Sorry</body></html>", Content_Length=31), "not an mp4"),
        (ok(FTYP[:7], Content_Length=7), "not an mp4"),
        (ok(b"\x1f\x8b\x08" + bytes(50), Content_Encoding="gzip"), "not an mp4"),
    ],
)
async def test_a_failed_or_incomplete_answer_is_unavailable(
    tmp_path: Path, answer: bytes, reason: str
) -> None:
    async with raw_server(answer) as server:
        with pytest.raises(VideoUnavailable, match=reason) as caught:
            await fetch(ToPort(server.port), tmp_path, max_bytes=100)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "RemoteProtocolError"),
        (b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", "answered 408"),
        (b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n", "answered 429"),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "answered 503"),
    ],
)
async def test_a_host_that_cannot_serve_now_is_away(
    tmp_path: Path, answer: bytes, reason: str
) -> None:
    async with raw_server(answer) as server:
        with pytest.raises(VideoHostAway, match=reason) as caught:
            await fetch(ToPort(server.port), tmp_path)
    assert "secret" not in str(caught.value)


async def test_the_length_is_checked_even_if_the_transport_does_not(tmp_path: Path) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield FTYP

    def lie(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Length": "1000"}, content=body())

    with pytest.raises(VideoUnavailable, match="cut short"):
        await fetch(httpx.MockTransport(lie), tmp_path)


async def test_an_endless_stream_is_stopped_at_the_limit(tmp_path: Path) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ok(FTYP))
        while True:
            writer.write(bytes(65536))
            await writer.drain()

    async with serve_on_port(endless) as port:
        with pytest.raises(VideoUnavailable, match="larger"):
            await fetch(ToPort(port), tmp_path, max_bytes=1_000_000)
    assert (tmp_path / "video.mp4").stat().st_size <= 1_000_000


async def test_a_host_that_stops_sending_is_away(tmp_path: Path) -> None:
    async def stop_sending(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ok(FTYP, Content_Length=1000))
        await reader.read()

    async with serve_on_port(stop_sending) as port:
        with pytest.raises(VideoHostAway, match="too long"):
            await fetch(ToPort(port), tmp_path, timeout=0.2)


async def test_a_host_that_is_down_is_away(tmp_path: Path) -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(VideoHostAway, match="ConnectError"):
        await fetch(httpx.MockTransport(refuse), tmp_path)


async def test_a_cancelled_download_waits_for_its_write_in_progress() -> None:
    begun, may_end, cancelled = threading.Event(), threading.Event(), asyncio.Event()
    written: list[bytes] = []

    async def batches() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.to_thread(begun.wait)
        downloading.cancel()
        cancelled.set()
        yield b"second"

    def write(batch: bytes) -> int:
        begun.set()
        may_end.wait()
        written.append(batch)
        return len(batch)

    downloading = asyncio.create_task(downloads._write_all(batches(), write))
    await cancelled.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not downloading.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await downloading
    assert written == [b"first"]


async def test_a_disk_that_fails_is_reported_as_storage(tmp_path: Path) -> None:
    async with raw_server(ok(FTYP)) as server:
        with pytest.raises(StorageUnavailable, match="No such file or directory"):
            await fetch(ToPort(server.port), tmp_path / "no-such-folder")


def redirecting(*locations: str) -> tuple[httpx.MockTransport, list[str]]:
    """A transport that redirects through the locations, and the URLs it was asked for."""
    asked: list[str] = []

    async def video() -> AsyncIterator[bytes]:
        yield FTYP

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if len(asked) > len(locations):
            return httpx.Response(200, content=video())
        return httpx.Response(302, headers={"Location": locations[len(asked) - 1]})

    return httpx.MockTransport(answer), asked


async def test_redirects_to_allowed_hosts_are_followed(tmp_path: Path) -> None:
    transport, asked = redirecting("/a.mp4", "//b.fal.media/b.mp4", "https://fal.media/c.mp4")
    await fetch(transport, tmp_path, url="https://v3.fal.media/x/0.mp4")
    assert asked[1:] == [
        "https://v3.fal.media/a.mp4",
        "https://b.fal.media/b.mp4",
        "https://fal.media/c.mp4",
    ]


@pytest.mark.parametrize(
    "location", ["https://evil.com/x.mp4", "http://fal.media/x.mp4", "//127.0.0.1/x.mp4"]
)
async def test_a_redirect_to_another_host_is_not_followed(tmp_path: Path, location: str) -> None:
    transport, asked = redirecting("/still-fine.mp4", location)
    with pytest.raises(VideoRejected):
        await fetch(transport, tmp_path)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("/again.mp4", VideoUnavailable),
        ("https://fal.media:port/", VideoRejected),
        ("", VideoUnavailable),
    ],
)
async def test_endless_redirects_are_unavailable_and_invalid_ones_rejected(
    tmp_path: Path, location: str, error: type[VideoError]
) -> None:
    transport, asked = redirecting(*[location] * 4)
    with pytest.raises(error):
        await fetch(transport, tmp_path)
    assert len(asked) <= 4


async def test_a_download_passes_the_seam_by_its_name(tmp_path: Path) -> None:
    names = []

    async def note(name: str, call: Callable[[], Awaitable[T]], /) -> T:
        names.append(name)
        return await call()

    transport, _ = redirecting()
    async with httpx.AsyncClient(transport=transport) as client:
        await download(
            client,
            URL,
            tmp_path / "video.mp4",
            hosts=HOSTS,
            max_bytes=100,
            timeout=60,
            seam=note,
        )
    assert names == ["media.download"]


def test_an_address_is_logged_without_its_signature() -> None:
    assert without_query(URL) == "https://v3.fal.media/files/video.mp4"

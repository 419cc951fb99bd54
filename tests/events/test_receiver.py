"""One attempt to tell the receiver is bounded and follows nothing; certificates are checked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app import times
from app.errors import ConfigurationError, EventNotTaken
from app.events.receiver import Receiver, open_receiver
from app.settings import Settings
from app.telemetry.seam import direct
from tests.support.event_receiver import NEXT_SECRET, SECRET, event_receiver
from tests.support.sockets import raw_server, serve_on_port
from tests.support.tls import proxy_to, self_signed, server_side

TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BODY = b'{"data":{"jobId":"j"}}'


@asynccontextmanager
async def receiver_at(url: str, secret: str = SECRET) -> AsyncIterator[Receiver]:
    settings = Settings(_env_file=None, events_url=url, events_secret=secret)
    async with open_receiver(settings, direct) as receiver:
        assert receiver is not None
        yield receiver


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def test_without_an_address_there_is_no_receiver() -> None:
    settings = Settings(_env_file=None, events_secret=SECRET)
    async with open_receiver(settings, direct) as receiver:
        assert receiver is None


async def test_a_message_arrives_as_it_was_given() -> None:
    async with (
        event_receiver() as there,
        receiver_at(there.url, f"{NEXT_SECRET},{SECRET}") as receiver,
    ):
        await receiver.tell("id-1", BODY)
    (told,) = there.told
    assert (told.message_id, told.body) == ("id-1", BODY)
    assert told.headers["content-type"] == "application/json"
    assert not {"authorization", "cookie"} & told.headers.keys()


async def test_a_redirect_is_not_followed() -> None:
    async with event_receiver() as elsewhere, event_receiver() as there:
        there.answer_with(307, location=elsewhere.url)
        async with receiver_at(there.url) as receiver:
            with pytest.raises(EventNotTaken, match="answered 307"):
                await receiver.tell("id", BODY)
    assert elsewhere.told == []


Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]


async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def be_silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def speak_smtp(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 smtp.example ESMTP\r\n")
    await writer.drain()


async def answer_endlessly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        await writer.drain()


@asynccontextmanager
async def that_does(behave: Behaviour) -> AsyncIterator[str]:
    """A server that behaves like this once it has a request's head."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await behave(reader, writer)

    async with serve_on_port(serve) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("behave", [drip, be_silent])
async def test_a_receiver_that_never_answers_is_left_in_time(
    monkeypatch: pytest.MonkeyPatch, behave: Behaviour
) -> None:
    monkeypatch.setattr(times, "EVENT_ATTEMPT", 0.3)
    async with that_does(behave) as url, receiver_at(url) as receiver:
        with pytest.raises(EventNotTaken):
            await receiver.tell("id", BODY)


async def test_an_endless_answer_is_not_read() -> None:
    async with that_does(answer_endlessly) as url, receiver_at(url) as receiver:
        await receiver.tell("id", BODY)


async def test_an_answer_that_is_no_http_counts_as_none() -> None:
    async with that_does(speak_smtp) as url, receiver_at(url) as receiver:
        with pytest.raises(EventNotTaken, match="cannot be reached"):
            await receiver.tell("id", BODY)


async def test_only_a_trusted_certificate_is_told_also_behind_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, seen = self_signed(tmp_path), list[bytes]()
    async with (
        raw_server(TAKEN, tls=server_side(certificate)) as server,
        proxy_to(server.port, seen) as proxy,
    ):
        url = f"https://localhost:{server.port}/events"
        async with receiver_at(url) as receiver:
            with pytest.raises(EventNotTaken, match="CERTIFICATE_VERIFY_FAILED"):
                await receiver.tell("id", BODY)
        assert server.heads == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        async with receiver_at(url) as receiver:
            await receiver.tell("id", BODY)
        assert seen == []
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        async with receiver_at(url) as receiver:
            await receiver.tell("id", BODY)
        assert seen == [b"CONNECT"]
        monkeypatch.setenv("NO_PROXY", "localhost")
        async with receiver_at(url) as receiver:
            await receiver.tell("id", BODY)
    assert seen == [b"CONNECT"]
    assert len(server.heads) == 3


async def test_certificates_that_cannot_be_read_are_reported_with_their_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))
    with pytest.raises(ConfigurationError, match=r"^SSL_CERT_FILE or SSL_CERT_DIR cannot be used"):
        async with receiver_at("https://shop.example/events"):
            pass

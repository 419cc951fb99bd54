import asyncio
import socket
from collections.abc import AsyncIterator

import httpx
import pytest

from app.errors import FalAnswerLost, FalError, FalRefused, FalUnavailable
from app.fal import transport
from app.fal.messages import Submitted, encode_arguments
from app.fal.queue import Fal
from app.telemetry.seam import direct
from tests.fal.conftest import MODEL
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import (
    NGINX_BAD_GATEWAY,
    Alter,
    Answer,
    Drop,
    Fault,
    Hang,
    Truncate,
)
from tests.support.stand_ins.fal_hosts import FalTransport


class Failing(httpx.AsyncBaseTransport):
    """A network on which every request fails with ``failure``."""

    def __init__(self, failure: type[httpx.TransportError]) -> None:
        self.failure = failure
        self.attempts = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.attempts += 1
        raise self.failure("for a test", request=request)


async def test_a_submit_sends_the_arguments_the_webhook_and_the_key_as_given(
    fal: FalStandIn, client: Fal
) -> None:
    arguments = {"prompt": "schön & “weit”\n", "duration": "5", "cfg_scale": 0.5, "n": None}
    webhook = "https://app.example/api/webhooks/fal?jobId=0198&x=a%20b+c"

    submitted = await client.submit(MODEL, encode_arguments(arguments), webhook_url=webhook)

    job = fal.requests[submitted.request_id]
    assert (job.model, job.arguments, job.webhook_url) == (MODEL, arguments, webhook)
    assert submitted == Submitted(job.request_id, queue_position=0)
    call = fal.last("submit")
    assert call.host == "queue.fal.run"
    assert call.headers["authorization"] == f"Key {fal.key}"


async def test_a_submit_without_a_webhook_has_no_query(fal: FalStandIn, client: Fal) -> None:
    await client.submit(MODEL, b"{}", webhook_url=None)
    assert fal.last("submit").query == {}


@pytest.mark.parametrize(
    "fault",
    [
        Alter(response_url=None, status_url=None, cancel_url=None, queue_position=None),
        Answer(202, {"request_id": "request-1"}),
        Answer(200, {"request_id": "request-1", "queue_position": "soon"}),
    ],
)
async def test_a_submit_needs_nothing_but_the_request_id(
    fal: FalStandIn, client: Fal, fault: Fault
) -> None:
    fal.faults.add("submit", fault)
    assert await client.submit(MODEL, b"{}", webhook_url=None) == Submitted("request-1", None)


@pytest.mark.parametrize("status", [301, 400, 404, 408, 409, 422, 425, 429, 500, 503, 504])
async def test_any_error_status_refuses_a_submit_that_was_sent_once(
    fal: FalStandIn, client: Fal, status: int
) -> None:
    fal.faults.add("submit", Answer(status, {"detail": "no"}), times=None)
    with pytest.raises(FalRefused, match=r"^no$") as refused:
        await client.submit(MODEL, b"{}", webhook_url=None)
    assert refused.value.status == status
    assert fal.count("submit") == 1


async def test_a_bad_gateway_of_nginx_refuses_a_submit_that_was_sent_once(
    fal: FalStandIn, client: Fal
) -> None:
    fal.faults.add("submit", NGINX_BAD_GATEWAY, times=None)
    with pytest.raises(FalRefused, match=r"^fal answered 502 Bad Gateway$"):
        await client.submit(MODEL, b"{}", webhook_url=None)
    assert fal.count("submit") == 1


LOST = {
    "dropped before": Drop(),
    "dropped after": Drop(after_effect=True),
    "cut short": Truncate(),
    "no JSON": Answer(200, "accepted"),
    "too deep": Answer(200, "[" * 100_000),
    "too large": Answer(200, " " * (transport.LARGEST_ANSWER + 1)),
    "broken encoding": Answer(200, "not gzip", {"Content-Encoding": "gzip"}),
    "no object": Answer(200, []),
    "no id": Answer(200, {"request_id": None}),
    "empty id": Answer(200, {"request_id": ""}),
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
async def test_a_submit_whose_answer_is_lost_was_sent_once(
    fal: FalStandIn, client: Fal, fault: Fault
) -> None:
    fal.faults.add("submit", fault, times=None)
    with pytest.raises(FalAnswerLost):
        await client.submit(MODEL, b"{}", webhook_url=None)
    assert fal.count("submit") == 1


async def test_a_submit_that_hangs_was_sent_once_and_its_answer_is_lost(
    fal: FalStandIn, client: Fal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "TIMEOUT", httpx.Timeout(5, read=0.05))
    fal.faults.add("submit", Hang(after_effect=True), times=None)
    with pytest.raises(FalAnswerLost):
        await client.submit(MODEL, b"{}", webhook_url=None)
    assert fal.count("submit") == len(fal.requests) == 1


async def test_a_submit_that_its_caller_cancels_was_sent_once(fal: FalStandIn, client: Fal) -> None:
    hang = Hang()
    fal.faults.add("submit", hang, times=None)
    submit = asyncio.create_task(client.submit(MODEL, b"{}", webhook_url=None))
    await hang.reached.wait()
    submit.cancel()
    with pytest.raises(asyncio.CancelledError):
        await submit
    assert fal.count("submit") == 1


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (httpx.ConnectError, FalUnavailable),
        (httpx.ConnectTimeout, FalUnavailable),
        (httpx.PoolTimeout, FalUnavailable),
        (httpx.ProxyError, FalUnavailable),
        (httpx.WriteError, FalAnswerLost),
        (httpx.WriteTimeout, FalAnswerLost),
        (httpx.ReadError, FalAnswerLost),
        (httpx.ReadTimeout, FalAnswerLost),
        (httpx.CloseError, FalAnswerLost),
        (httpx.RemoteProtocolError, FalAnswerLost),
    ],
)
async def test_a_request_that_was_never_sent_is_distinguished_from_a_lost_answer(
    failure: type[httpx.TransportError], error: type[FalError]
) -> None:
    network = Failing(failure)
    with pytest.raises(error):
        await Fal(key="key", transport=network, seam=direct).submit(MODEL, b"{}", webhook_url=None)
    assert network.attempts == 1


async def test_a_refusal_with_a_truncated_body_is_still_a_refusal() -> None:
    class Cut(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b'{"detail": "n'
            raise httpx.ReadError("for a test")

    network = httpx.MockTransport(lambda _: httpx.Response(422, stream=Cut()))
    with pytest.raises(FalRefused, match=r"^fal answered 422 Unprocessable Entity$"):
        await Fal(key="key", transport=network, seam=direct).submit(MODEL, b"{}", webhook_url=None)


async def test_a_refused_connection_means_that_nothing_was_submitted() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        client = Fal(key="key", transport=FalTransport(reserved.getsockname()[1]), seam=direct)
        with pytest.raises(FalUnavailable):
            await client.submit(MODEL, b"{}", webhook_url=None)
    await client.aclose()


async def test_fals_real_hosts_are_reached_through_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as proxy:
        for name in ("NO_PROXY", "no_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        address = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        monkeypatch.setenv("HTTPS_PROXY", address)
        client = Fal(key="key", transport=None, seam=direct)
        with pytest.raises(FalUnavailable):
            await client.submit(MODEL, b"{}", webhook_url=None)
        with pytest.raises(httpx.ProxyError):
            await client.media.get("https://v3.fal.media/files/video.mp4")
        await client.aclose()
    assert asked == [
        b"CONNECT queue.fal.run:443 HTTP/1.1\r\n",
        b"CONNECT v3.fal.media:443 HTTP/1.1\r\n",
    ]

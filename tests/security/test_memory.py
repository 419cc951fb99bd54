"""Whatever strangers send, the process grows by at most 64 MiB, and others are served."""

import asyncio
import struct
import time
import zlib
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from app.problems import TooBusy
from tests.support.hanging_fal import hanging_fal
from tests.support.process import MEBIBYTE, ON_LINUX, PATIENCE, UNSHARED, Process, forked
from tests.support.raw_requests import canvas, form, get, post
from tests.support.service import (
    PATIENT_ENVIRONMENT,
    SUBMIT,
    UNLIMITED_ENVIRONMENT,
    png,
    submission,
)
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import SECRET, bearer

MOST_GROWTH = 64
"""MiB, of the process and its children together."""
MOST_OF_PATHS = 80
"""MiB: what lay between pieces of paths stays allocated. It is 33 to 67, and 94 if all are held."""
SECONDS = 2.5
"""For an attack to be felt."""

pytestmark = [
    pytest.mark.usefixtures("store_url"),
    pytest.mark.skipif(not ON_LINUX, reason="reads /proc"),
]


@dataclass
class Victim:
    """A service in a process of its own; unless a test wants it, fal never reads a large image."""

    process: Process
    client: httpx.AsyncClient
    job_of_bob: str

    async def send(self, *pieces: bytes) -> None:
        """Send on a connection of its own, and neither read nor hang up."""
        port = httpx.URL(self.process.url).port
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            with suppress(OSError):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
            await asyncio.Event().wait()
        finally:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()

    async def exchange(self, requests: list[bytes]) -> int:
        """Send on a connection of its own and read every answer; return their bytes."""
        port = httpx.URL(self.process.url).port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(requests))
        writer.write_eof()
        size = 0
        while answers := await reader.read(MEBIBYTE):
            size += len(answers)
        writer.close()
        return size

    async def poll(self) -> None:
        """Poll as another user, whose job is in fal's queue."""
        query = {"jobId": self.job_of_bob}
        answer = await self.client.get(f"{SUBMIT}/status", params=query, headers=bearer("bob"))
        assert answer.json()["status"] == "pending", answer.text


@pytest.fixture
async def victim(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Victim]:
    async with hanging_fal(**getattr(request, "param", {})) as port:
        environment = {
            "AUTH_JWT_SECRET": SECRET,
            "FAL_KEY": FalStandIn.key,
            "FAL_PORT": str(port),
            "LOG_LEVEL": "ERROR",
        }
        environment |= UNLIMITED_ENVIRONMENT | PATIENT_ENVIRONMENT
        with forked(tmp_path, "tests.support.serve", **environment) as it:
            await asyncio.to_thread(it.until_ready)
            async with httpx.AsyncClient(
                base_url=it.url, timeout=PATIENCE, limits=UNSHARED
            ) as client:
                answer = await client.post(SUBMIT, **submission(png()), headers=bearer("bob"))
                assert answer.status_code == 202, answer.text
                victim = Victim(it, client, answer.json()["jobId"])
                for _ in range(20):  # warmed up
                    await victim.poll()
                    await client.get("/healthz")
                yield victim


@asynccontextmanager
async def under(attack: list[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each) for each in attack]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def assert_stands(
    victim: Victim, attack: list[Coroutine[Any, Any, None]], *, growth: int = MOST_GROWTH
) -> None:
    """Attack, and watch the memory while another user polls."""
    before, most, polls = victim.process.memory(), 0.0, 0
    end = time.monotonic() + SECONDS
    async with under(attack):
        polling = asyncio.create_task(victim.poll())
        while time.monotonic() < end or not polls:
            most = max(most, victim.process.memory())
            assert most - before <= growth, f"grew from {before:.0f} to {most:.0f} MiB"
            if polling.done():
                polling.result()
                polls += 1
                polling = asyncio.create_task(victim.poll())
            await asyncio.sleep(0.02)
        await polling


def png_of_nothing(side: int) -> bytes:
    """Return a PNG of transparent pixels."""
    with BytesIO() as file:
        for kind, content in (
            (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)),
            (b"IDAT", zlib.compress(bytes((1 + 4 * side) * side), 1)),
            (b"IEND", b""),
        ):
            file.write(struct.pack(">I", len(content)) + kind + content)
            file.write(struct.pack(">I", zlib.crc32(kind + content)))
        return b"\x89PNG\r\n\x1a\n" + file.getvalue()


def progressive_jpeg(side: int) -> bytes:
    """Return a small JPEG whose header says that it is large; a decoder adds what is missing."""
    file = BytesIO()
    Image.new("RGB", (64, 64)).save(file, "JPEG", progressive=True, subsampling=0)
    jpeg = file.getvalue()
    size_at = jpeg.index(b"\xff\xc2") + 5
    return jpeg[:size_at] + struct.pack(">HH", side, side) + jpeg[size_at + 4 :]


def huge_pictures() -> list[bytes]:
    """Return pictures of 40 million pixels, the most that are taken, in almost 10 MiB.

    The WebP is what libwebp makes of a single colour.
    """
    webp = bytes.fromhex(
        "524946461e000000574542505650384c110000002fb3d82c060750bc6a15b9ff8188e87f0000"
    )
    pictures = [webp, png_of_nothing(6324), progressive_jpeg(6324)]
    return [each + bytes(9_900_000 - len(each)) for each in pictures]


@pytest.mark.parametrize("path", ["/healthz", "/api/library", "/openapi.json"])
async def test_pipelined_requests(victim: Victim, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\n\r\n".encode()
    pipelined = request * (262_144 // len(request))
    await assert_stands(victim, [victim.send(pipelined) for _ in range(100)])


async def test_pipelined_requests_behind_a_body_in_chunks(victim: Victim) -> None:
    head = b"POST /healthz HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    pipelined = head + b"1\r\nx\r\n0\r\n\r\n" + b"GET /healthz HTTP/1.1\r\n\r\n" * 10_000
    await assert_stands(victim, [victim.send(pipelined) for _ in range(100)])


async def test_half_heads_of_many_small_headers(victim: Victim) -> None:
    half = b"GET /healthz HTTP/1.1\r\n" + b"a:\r\n" * 16_000
    await assert_stands(victim, [victim.send(half) for _ in range(400)])


async def test_half_heads_of_long_headers(victim: Victim) -> None:
    half = b"GET /healthz HTTP/1.1\r\nA: " + b"a" * 60_000
    await assert_stands(victim, [victim.send(half) for _ in range(800)])


async def test_answered_requests_with_long_paths(victim: Victim) -> None:
    request = b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\n\r\n"
    await assert_stands(victim, [victim.send(request) for _ in range(800)], growth=MOST_OF_PATHS)


async def test_streams_with_long_queries(victim: Victim) -> None:
    query = "a" * 60_000
    attack = [get(f"{SUBMIT}/events?{query}", f"user-{n}") for n in range(800)]
    await assert_stands(victim, [victim.send(each) for each in attack], growth=MOST_OF_PATHS)


async def test_callbacks_without_a_signature(victim: Victim) -> None:
    head = post("/api/webhooks/fal?jobId=x", 10 * MEBIBYTE - 10)
    await assert_stands(victim, [victim.send(head, bytes(9 * MEBIBYTE)) for _ in range(100)])


async def test_callbacks_with_a_forged_signature(victim: Victim, fal: FalStandIn) -> None:
    headers = fal.webhooks.sign("request", b"{}")
    head = post("/api/webhooks/fal?jobId=x", 10 * MEBIBYTE - 10, **headers)
    await assert_stands(victim, [victim.send(head, bytes(9 * MEBIBYTE)) for _ in range(100)])


async def test_endless_trailers(victim: Victim) -> None:
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    await assert_stands(victim, [victim.send(head + b"a:\r\n" * 16_000) for _ in range(150)])


async def test_one_users_uploads(victim: Victim) -> None:
    upload = form(canvas(9_900_000), "ada")
    await assert_stands(victim, [victim.send(upload) for _ in range(100)])


async def test_one_users_half_uploads(victim: Victim) -> None:
    half = form(canvas(9_900_000), "ada")[:-10]
    await assert_stands(victim, [victim.send(half) for _ in range(100)])


async def test_many_users_canvases_while_fal_hangs(victim: Victim) -> None:
    image = canvas(9_900_000)
    await assert_stands(victim, [victim.send(form(image, f"user-{n}")) for n in range(60)])


async def test_many_tokens_and_streams_that_nobody_reads(victim: Victim) -> None:
    before = victim.process.memory()
    tokens = [get(f"{SUBMIT}/status", "ada", jti=f"{n}", more="x" * 1200) for n in range(5000)]
    floods = [victim.exchange(tokens[start::5]) for start in range(5)]
    assert sum(await asyncio.gather(*floods)) > 5000 * len("HTTP/1.1 400 Bad Request")
    users = ["ada"] * 100 + [f"user-{n}" for n in range(300)]
    await assert_stands(victim, [victim.send(get(f"{SUBMIT}/events", user)) for user in users])
    assert victim.process.memory() - before <= MOST_GROWTH


async def test_many_users_huge_pictures(victim: Victim) -> None:
    pictures = huge_pictures()
    attack = [form(pictures[n % len(pictures)], f"user-{n}") for n in range(30)]
    await assert_stands(victim, [victim.send(each) for each in attack])


@pytest.mark.parametrize(
    ("victim", "status"),
    [({"to_large_ones": "200 OK"}, 202), ({"to_large_ones": "422 Refused"}, 502)],
    indirect=["victim"],
    ids=["and-takes", "and-refuses"],
)
async def test_many_users_images_that_fal_reads(victim: Victim, status: int) -> None:
    """Without cycles and heaps of threads, it grows by some 30 MiB: three images, and 5 MiB."""
    image = canvas(8 * MEBIBYTE)
    before, most = victim.process.memory(), 0.0

    async def submit_often(sender: int) -> None:
        for number in range(4):
            user = bearer(f"user-{sender}-{number}")
            answer = await victim.client.post(SUBMIT, **submission(image), headers=user)
            assert answer.status_code in {status, TooBusy.status}, answer.text

    senders = [asyncio.create_task(submit_often(sender)) for sender in range(12)]
    while not all(sender.done() for sender in senders):
        most = max(most, victim.process.memory())
        assert most - before <= MOST_GROWTH, f"grew from {before:.0f} to {most:.0f} MiB"
        await asyncio.sleep(0.02)
    await asyncio.gather(*senders)

"""A store that hangs while many users submit costs pictures: no answer, no memory, no stop."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app import times
from app.jobs.kept_start_images import SMALLEST_SHARE, USER_BACKLOG_BYTES, USERS
from tests.support.process import ON_LINUX, PATIENCE, Process, forked
from tests.support.service import (
    PATIENT_ENVIRONMENT,
    SUBMIT,
    UNLIMITED_ENVIRONMENT,
    png,
    submission,
)
from tests.support.sockets import serve_on_port
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import SECRET, bearer

MOST_GROWTH = 64
IMAGE = png() + bytes(20_000)
"""Small, so that what is measured are the many that wait, and not the submits under way."""
ROUNDS, SENDERS = 26, 12

pytestmark = [
    pytest.mark.soak,  # the process waits for its store until it stops
    pytest.mark.usefixtures("store_url"),
    pytest.mark.skipif(not ON_LINUX, reason="reads /proc"),
]


@asynccontextmanager
async def hanging_store() -> AsyncIterator[int]:
    """Accept connections on a port, and read nothing from them."""
    over = asyncio.Event()

    async def serve(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await over.wait()

    async with serve_on_port(serve) as port:
        try:
            yield port
        finally:
            over.set()


def on_disk(folder: Path) -> int:
    """Return the bytes of images that wait for the store."""
    return sum(path.stat().st_size for path in folder.glob("video-generation-*/*.start"))


async def submit(client: httpx.AsyncClient, image: bytes, user: str) -> httpx.Response:
    answer = await client.post(SUBMIT, **submission(image), headers=bearer(user))
    assert answer.status_code == 202, answer.text
    return answer


async def test_a_store_that_hangs_costs_only_pictures(tmp_path: Path, fal: FalStandIn) -> None:
    async with hanging_store() as port:
        environment = {
            "AUTH_JWT_SECRET": SECRET,
            "FAL_KEY": FalStandIn.key,
            "FAL_PORT": str(fal.port),
            "R2_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "R2_BUCKET": "videos",
            "R2_ACCESS_KEY_ID": "key",
            "R2_SECRET_ACCESS_KEY": "secret",
        }
        environment |= UNLIMITED_ENVIRONMENT | PATIENT_ENVIRONMENT
        with forked(tmp_path, "tests.support.serve", **environment) as it:
            await asyncio.to_thread(it.until_ready)
            async with httpx.AsyncClient(base_url=it.url, timeout=PATIENCE) as client:
                await submit(client, IMAGE, "warm-up")
                before = it.memory()
                growth = await flood(it, client, fal)
                assert growth - before <= MOST_GROWTH
                assert on_disk(tmp_path) <= USERS * USER_BACKLOG_BYTES
                assert it.stderr.count("Its start image is not kept") == 1
                metrics = (await client.get("/metrics")).text
                waiting = USERS * USER_BACKLOG_BYTES // SMALLEST_SHARE
                assert lost_in(metrics) == 1 + ROUNDS * SENDERS - waiting
                began = time.monotonic()
            assert await asyncio.to_thread(it.stop, signal.SIGTERM) == 0
            assert time.monotonic() - began < times.STOP


async def flood(process: Process, client: httpx.AsyncClient, fal: FalStandIn) -> float:
    """Submit as many users at once, again and again; return the most memory that is held then."""
    most = 0.0
    for number in range(ROUNDS):
        senders = [
            asyncio.create_task(submit(client, IMAGE, f"user-{number}-{n}")) for n in range(SENDERS)
        ]
        while not all(sender.done() for sender in senders):
            most = max(most, process.memory())
            await asyncio.sleep(0.02)
        for sender in senders:
            job_id = sender.result().json()["jobId"]
        status = await client.get(
            f"{SUBMIT}/status",
            params={"jobId": job_id},
            headers=bearer(f"user-{number}-{SENDERS - 1}"),
        )
        assert "startImageUrl" not in status.json()
        fal.calls.clear()
        fal.uploads.clear()
    return max(most, process.memory())


def lost_in(metrics: str) -> float:
    (family,) = [
        each for each in text_string_to_metric_families(metrics) if each.name == "start_images"
    ]
    return sum(s.value for s in family.samples if s.labels.get("outcome") == "lost")

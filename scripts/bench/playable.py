"""The time from fal's webhook until a video can be played, beside the line that it came over.

fal's media host and the S3 server are behind lines of the same speed.
"""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from anyio.from_thread import BlockingPortal

from scripts.bench.driven_job import DrivenJob
from scripts.bench.figure import Figure, Goal
from scripts.bench.line import Line
from scripts.bench.rounds import alternate
from scripts.bench.service import fal_in_thread, serving
from scripts.bench.start_image import start_image
from scripts.bench.webhook import PATIENCE, followed
from tests.support.s3 import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY, s3_server
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_hosts import CDN
from tests.support.stand_ins.videos import padded, small_video

VIDEO_BYTES = 20_000_000
BYTES_PER_SECOND = 10_000_000
ROUNDS = 5


def measure(folder: Path) -> Iterator[Figure]:
    """Measure jobs one after the other, in turns with a mere download over the same line."""
    line = Line(BYTES_PER_SECOND)
    with (
        s3_server(folder / "store") as store,
        fal_in_thread() as (portal, fal),
        portal.wrap_async_context_manager(line.to(fal.port)) as fal_port,
        portal.wrap_async_context_manager(line.to(store.port)) as store_port,
        serving(
            folder / "ours",
            fal_port,
            R2_ENDPOINT_URL=f"http://127.0.0.1:{store_port}",
            R2_BUCKET=BUCKET,
            R2_ACCESS_KEY_ID=ACCESS_KEY_ID,
            R2_SECRET_ACCESS_KEY=SECRET_ACCESS_KEY,
        ) as service,
    ):
        video = padded(small_video(2, 1280, 720), VIDEO_BYTES)
        _delivered(portal, service.url, fal, video)  # the first one starts the decoder's process
        rounds = alternate(
            ROUNDS,
            lambda: _delivered(portal, service.url, fal, video),
            lambda: _downloaded(fal_port, fal),
        )
    yield Figure(
        what="fal's webhook until a video of 20 MB can be played, store as fast as fal",
        measured=f"{rounds.median:.2f} s",
        beside=f"a mere download at 10 MB/s: {statistics.median(rounds.baseline):.2f} s",
        values=rounds.ratios,
        goal=Goal("≤", 1.3),
    )


def _delivered(portal: BlockingPortal, url: str, fal: FalStandIn, video: bytes) -> float:
    async def deliver() -> float:
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
            return await followed(client, DrivenJob(client, fal, "ada", start_image()), video)

    return portal.call(deliver)


def _downloaded(port: int, fal: FalStandIn) -> float:
    path = httpx.URL(next(reversed(fal.media))).path
    began = time.perf_counter()
    with httpx.stream("GET", f"http://127.0.0.1:{port}{path}", headers={"Host": CDN}) as answer:
        size = sum(map(len, answer.iter_raw()))
    assert size == VIDEO_BYTES
    return time.perf_counter() - began

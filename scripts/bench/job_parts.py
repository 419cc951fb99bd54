"""``python -m scripts.bench.job_parts FAL_PORT IMAGE VIDEO JOBS``: the parts of a job, each alone.

Each part runs for all jobs, over the service's own adapters, on a migrated store at ``SURREAL_URL``
and ``STORAGE_DIR``. Prints the seconds per job of each part, as JSON.
"""

import asyncio
import hashlib
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from uuid_utils import uuid7

from app import times
from app.database.address import Address
from app.database.client import Database
from app.fal.messages import encode_arguments
from app.fal.queue import Fal
from app.jobs.delivery import CONCURRENT_DELIVERIES
from app.media.downloads import download
from app.media.hosts import MediaHosts
from app.settings import Settings
from app.storage.keys import video_key_base
from app.storage.local_files import LocalFiles
from app.telemetry.seam import direct
from tests.support.job_functions import LIMITS, RUNNING, UNLIMITED, VIDEO, Jobs, job_arguments
from tests.support.service import TEMPLATE
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_hosts import FalTransport

USERS = 10
HOLDER = "worker"
TODAY = date(2026, 11, 22)
PATIENCE = 30.0


@dataclass
class Job:
    """A job, and what its parts have produced."""

    id: str
    user: str
    model: str
    image_url: str = ""
    request_id: str = ""
    video_url: str = ""


class Parts:
    """The parts of a job, in order."""

    def __init__(self, settings: Settings, fal: Fal, database: Database, folder: Path) -> None:
        self._fal = fal
        self._jobs = Jobs(database)
        self._files = LocalFiles(settings.storage_dir)
        self._hosts = MediaHosts(settings.fal_media_hosts)
        self._folder = folder
        self._limit = settings.max_video_bytes

    async def run(self, jobs: list[Job], image: bytes, sha256: str) -> dict[str, float]:
        """Return the seconds per job of each part."""

        async def upload(job: Job) -> None:
            job.image_url = await self._fal.upload(
                image, content_type="image/png", file_name=f"{job.id}.png"
            )

        async def store(job: Job) -> None:
            await self._files.put(
                f"users/{job.user}/library/{job.id}.mp4",
                self._folder / job.id,
                sha256=sha256,
                owner=job.id,
            )

        parts: dict[str, Callable[[Job], Awaitable[Any]]] = {
            "open": lambda job: self._jobs.open(job.id, limits=UNLIMITED, user=job.user),
            "upload": upload,
            "submitting": lambda job: self._jobs("submitting", job.id, LIMITS["silence"]),
            "submit": self._submit,
            "queued": lambda job: self._jobs("queued", job.id, job.request_id, 0, times.LOOK_AGAIN),
            "status": lambda job: self._fal.status(job.model, job.request_id),
            "progress": lambda job: self._jobs("progress", job.id, RUNNING, None),
            "claim": lambda job: self._jobs("claim", job.id, HOLDER, times.LEASE, _base(job)),
            "result": self._result,
            "download": self._download,
            "store": store,
            "complete": lambda job: self._jobs("complete", job.id, HOLDER, VIDEO),
        }
        return {name: await _timed(jobs, part) for name, part in parts.items()}

    async def _submit(self, job: Job) -> None:
        body = encode_arguments({"prompt": "Night life", "image_url": job.image_url})
        submitted = await self._fal.submit(job.model, body, webhook_url=None)
        job.request_id = submitted.request_id

    async def _result(self, job: Job) -> None:
        job.video_url = await self._fal.result(job.model, job.request_id)

    async def _download(self, job: Job) -> None:
        await download(
            self._fal.media,
            job.video_url,
            self._folder / job.id,
            hosts=self._hosts,
            max_bytes=self._limit,
            timeout=60,
        )


def _base(job: Job) -> str:
    return video_key_base(job.user, TODAY, TEMPLATE)


async def _timed(jobs: list[Job], part: Callable[[Job], Awaitable[Any]]) -> float:
    places = asyncio.Semaphore(CONCURRENT_DELIVERIES)

    async def limited(job: Job) -> None:
        async with places:
            await part(job)

    began = perf_counter()
    await asyncio.gather(*map(limited, jobs))
    return (perf_counter() - began) / len(jobs)


async def measured(fal_port: int, image: bytes, sha256: str, count: int) -> dict[str, float]:
    """Open fal and the database, and run the parts."""
    settings = Settings(_env_file=None)
    fal = Fal(key=FalStandIn.key, transport=FalTransport(fal_port), seam=direct)
    model = job_arguments("")["fal_model"]
    jobs = [Job(str(uuid7()), f"user-{n % USERS}", model) for n in range(count)]
    with TemporaryDirectory() as folder:
        async with Database(Address.from_settings(settings), deadline=PATIENCE) as database:
            seconds = await Parts(settings, fal, database, Path(folder)).run(jobs, image, sha256)
    await fal.aclose()
    return seconds


def main(fal_port: str, image: str, video: str, count: str) -> None:
    sha256 = hashlib.sha256(Path(video).read_bytes()).hexdigest()
    work = measured(int(fal_port), Path(image).read_bytes(), sha256, int(count))
    print(json.dumps(asyncio.run(work)))


if __name__ == "__main__":
    main(*sys.argv[1:])

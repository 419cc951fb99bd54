"""Deliveries of large videos: their speed, and the memory that they take.

The service runs with the embedded engine, the stand-in for fal and an S3 server. The baseline is a
bare copy of the same bytes by the same clients.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from scripts.bench.delivery_client import DeliveryClient
from scripts.bench.figure import Figure, Goal
from scripts.bench.memory import Memory
from scripts.bench.rounds import Rounds, alternate
from scripts.bench.service import make_store
from tests.support.process import Process, started
from tests.support.s3 import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY, S3Server, s3_server
from tests.support.sockets import wait_for_port
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

MIB = 1024 * 1024
LARGE, MEDIUM, MANY_BYTES, MANY = 1024 * MIB, 256 * MIB, 128 * MIB, 8
ROUNDS, MEDIUM_ROUNDS = 3, 7
KEYS = {"R2_ACCESS_KEY_ID": ACCESS_KEY_ID, "R2_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY}
SPEED, ONE, EIGHT = Goal("≥", 0.9), Goal("≤", 64, "MiB"), Goal("≤", 256, "MiB")


def measure(folder: Path) -> Iterator[Figure]:
    """Deliver one video per round, large ones and then smaller ones, then eight at once.

    The smaller ones say how much of the time for the large ones is the machine's memory: a virtual
    machine may take ten times as long to fill memory that its host has taken back.
    """
    if shutil.disk_usage(folder).free < 8 * LARGE:
        raise SystemExit(
            f"{folder} has less than {8 * LARGE // MIB} MiB free. Free some space or set TMPDIR."
        )
    with s3_server(folder / "store") as store:
        yield from _large(folder, store)
        yield _medium(folder, store)
        yield _eight(folder, store)


def _large(folder: Path, store: S3Server) -> Iterator[Figure]:
    with _setup(folder / "large", store, LARGE) as (host, service):
        memory, client = Memory(service.popen.pid), DeliveryClient(service.url)
        growth: list[float] = []

        def deliver() -> float:
            before = memory.reset_peak()
            speed = _delivered(client, store, LARGE)
            growth.append(memory.peak() - before)
            return speed

        rounds = alternate(ROUNDS, deliver, lambda: _copied(host, store, LARGE))
        probing = memory.peak_of_children()
    yield _speed("1 GiB", rounds, SPEED)
    yield _memory("a process's first delivery of 1 GiB", growth[0], ONE, probing)


def _medium(folder: Path, store: S3Server) -> Figure:
    with _setup(folder / "medium", store, MEDIUM) as (host, service):
        client = DeliveryClient(service.url)
        rounds = alternate(
            MEDIUM_ROUNDS,
            lambda: _delivered(client, store, MEDIUM),
            lambda: _copied(host, store, MEDIUM),
        )
    return _speed("256 MiB", rounds, None)


def _eight(folder: Path, store: S3Server) -> Figure:
    with _setup(folder / "eight", store, MANY_BYTES) as (_host, service):
        memory = Memory(service.popen.pid)
        before = memory.reset_peak()
        DeliveryClient(service.url).all_delivered(MANY)
        growth, probing = memory.peak() - before, memory.peak_of_children()
        _clear(store)
    return _memory("eight deliveries of 128 MiB at once", growth, EIGHT, probing)


def _speed(size: str, rounds: Rounds, goal: Goal | None) -> Figure:
    return Figure(
        what=f"delivery of a {size} video: fetched, hashed, checked, stored, charged",
        measured=f"{rounds.median:,.0f} MiB/s",
        beside=f"bare copy: {rounds.baseline_median:,.0f} MiB/s",
        values=rounds.ratios,
        goal=goal,
    )


def _memory(what: str, growth: float, goal: Goal, probing: float) -> Figure:
    return Figure(
        what=f"peak memory of {what} (the processes that probe videos: {probing:.0f} MiB in all)",
        measured=f"+{growth:.0f} MiB",
        values=[growth],
        goal=goal,
    )


def _delivered(client: DeliveryClient, store: S3Server, size: int) -> float:
    """Return the speed of a delivery in MiB/s."""
    seconds = client.delivered()
    _clear(store)
    return size / MIB / seconds


def _copied(host: Process, store: S3Server, size: int) -> float:
    """Return the speed of a bare copy in MiB/s."""
    copied = subprocess.run(  # noqa: S603 its own interpreter
        [
            *(sys.executable, "-m", "scripts.bench.copy"),
            *(f"{host.url}/files/video.mp4", f"{store.endpoint_url}/{BUCKET}"),
        ],
        env=os.environ | KEYS,
        check=True,
        capture_output=True,
    )
    _clear(store)
    return size / MIB / float(copied.stdout)


@contextmanager
def _setup(folder: Path, store: S3Server, size: int) -> Iterator[tuple[Process, Process]]:
    """Run a media host with a video of ``size`` bytes, and a service that is ready."""
    folder.mkdir()
    video = _video(folder / "video.mp4", size)
    with ExitStack() as stack:
        host = stack.enter_context(started(folder, "scripts.bench.media_host", str(video)))
        port = host.url.rpartition(":")[2]
        wait_for_port(int(port))
        make_store(folder)
        service = stack.enter_context(
            started(
                folder,
                "tests.support.serve",
                R2_ENDPOINT_URL=store.endpoint_url,
                R2_BUCKET=BUCKET,
                FAL_KEY=FalStandIn.key,
                FAL_PORT=port,
                MAX_JOBS_IN_FLIGHT=str(MANY),
                **KEYS,
            )
        )
        service.until_ready()
        yield host, service


def _video(path: Path, size: int) -> Path:
    """Write a playable video of ``size`` bytes: players skip the ``free`` box that pads it."""
    video = small_video(seconds=2, width=320, height=240)
    with path.open("wb") as file:
        file.write(video)
        file.write((size - len(video)).to_bytes(4) + b"free")
        file.truncate(size)
    return path


def _clear(store: S3Server) -> None:
    """Remove the videos and the server's metadata, a folder with the video's name."""
    for left in list(store.folder.rglob("*.mp4")):
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()

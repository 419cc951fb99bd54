"""Processes are killed, the disk fills up and the clock is wrong; no invariant breaks."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from mmap import PAGESIZE
from pathlib import Path

import pytest

from tests.soak.backends import Backends
from tests.soak.disk import Disk, mounted_disk
from tests.soak.simulation import DISK_FULL_PAGES, Simulation, simulation
from tests.support.database import embedded, migrated, surreal_server
from tests.support.s3 import S3Server, s3_server
from tests.support.stand_ins.fal import FalStandIn

KILLS = int(os.environ.get("KILLS", "500"))
SERVICE_KILLS = int(os.environ.get("SERVICE_KILLS", "200"))
DATABASE_KILLS = int(os.environ.get("DATABASE_KILLS", "50"))
FILLINGS, FILLING_SECONDS = 150, 0.15
SEED = int(os.environ.get("SEED", "1"))

pytestmark = [pytest.mark.soak, pytest.mark.timeout(7200)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with mounted_disk(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def bucket(disk: Disk) -> Iterator[S3Server]:
    with s3_server(disk.folder) as server:
        yield server


async def test_kills_of_one_process_break_no_invariant(
    tmp_path: Path, migrated_folder: Path, disk: Disk, bucket: S3Server, fal: FalStandIn
) -> None:
    store = shutil.copytree(migrated_folder, disk.folder / "surreal")
    backends = Backends(tmp_path, embedded(f"surrealkv://{store}"), bucket, fal, disk)
    async with simulation(backends, instances=1, seed=SEED) as simulated:
        async with simulated.under_load():
            await simulated.kill_repeatedly(simulated.instances[0], KILLS)
        await check(simulated)


async def test_kills_of_two_processes_and_their_database_break_no_invariant(
    tmp_path: Path, disk: Disk, bucket: S3Server, fal: FalStandIn
) -> None:
    with surreal_server(disk.folder / "server") as server:
        async with migrated(server.address("video")):
            pass
        backends = Backends(tmp_path, server.address("video"), bucket, fal, disk)
        async with simulation(backends, instances=2, seed=SEED, server=server) as simulated:
            async with simulated.under_load(), asyncio.TaskGroup() as kills:
                for instance in simulated.instances:
                    kills.create_task(simulated.kill_repeatedly(instance, SERVICE_KILLS // 2))
                kills.create_task(simulated.kill_database_repeatedly(DATABASE_KILLS))
            await check(simulated)


async def test_a_bucket_whose_disk_is_full_breaks_no_invariant(
    tmp_path: Path, migrated_folder: Path, disk: Disk, bucket: S3Server, fal: FalStandIn
) -> None:
    store = shutil.copytree(migrated_folder, tmp_path / "surreal")
    backends = Backends(tmp_path, embedded(f"surrealkv://{store}"), bucket, fal)
    # Start images would take what room there is.
    async with simulation(backends, instances=1, seed=SEED, KEEP_START_IMAGES="false") as simulated:
        await simulated.instances[0].start()
        async with simulated.under_load():
            for _ in range(FILLINGS):
                pages = simulated.chance.choice(DISK_FULL_PAGES)
                await asyncio.to_thread(disk.leave, pages * PAGESIZE)
                await asyncio.sleep(FILLING_SECONDS)
        disk.empty()
        simulated.instances[0].kill()
        await check(simulated)


async def check(simulated: Simulation) -> None:
    outcome = await simulated.outcome()
    print(f"\n{simulated.figures(outcome)}")  # noqa: T201 the figures are the point
    assert not outcome.failures, "\n".join(outcome.failures)

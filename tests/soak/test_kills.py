"""Kill -9, hundreds of times, while people use the service; afterwards everything adds up."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.soak.ordeal import Ordeal, ordeal
from tests.soak.world import World
from tests.support.database import embedded, migrated, surreal_server
from tests.support.s3 import S3Server, s3_server
from tests.support.stand_ins.fal import FalStandIn

KILLS = int(os.environ.get("KILLS", "500"))
SERVICE_KILLS = int(os.environ.get("SERVICE_KILLS", "200"))
DATABASE_KILLS = int(os.environ.get("DATABASE_KILLS", "50"))
SEED = int(os.environ.get("SEED", "1"))

pytestmark = [pytest.mark.soak, pytest.mark.timeout(7200)]


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[S3Server]:
    with s3_server(tmp_path) as server:
        yield server


async def test_no_kill_of_a_process_breaks_an_invariant(
    tmp_path: Path, store_url: str, bucket: S3Server, fal: FalStandIn
) -> None:
    world = World(tmp_path, embedded(store_url), bucket, fal)
    async with ordeal(world, instances=1, seed=SEED) as trial:
        async with trial.in_use():
            await trial.lives(trial.instances[0], KILLS)
        await convince(trial)


async def test_no_kill_of_two_processes_and_their_database_breaks_an_invariant(
    tmp_path: Path, bucket: S3Server, fal: FalStandIn
) -> None:
    with surreal_server(tmp_path / "server") as server:
        async with migrated(server.address("video")):
            pass
        world = World(tmp_path, server.address("video"), bucket, fal)
        async with ordeal(world, instances=2, seed=SEED) as trial:
            async with trial.in_use(), asyncio.TaskGroup() as dying:
                for instance in trial.instances:
                    dying.create_task(trial.lives(instance, SERVICE_KILLS // 2))
                dying.create_task(trial.database_lives(server, DATABASE_KILLS))
            await convince(trial)


async def convince(trial: Ordeal) -> None:
    verdict = await trial.verdict()
    print(f"\n{trial.figures(verdict)}")  # noqa: T201 the figures are the point
    assert not verdict.troubles, "\n".join(verdict.troubles)

"""Processes are killed while they tell how jobs end; the receiver learns of every ending."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from tests.soak.backends import Backends
from tests.soak.simulation import ROUND_SECONDS, ROUNDS, Simulation, simulation
from tests.support.database import connected, migrated, surreal_server
from tests.support.event_receiver import EventReceiver, Told, event_receiver
from tests.support.s3 import S3Server, s3_server
from tests.support.service import TERMINAL
from tests.support.stand_ins.fal import FalStandIn

KILLS = int(os.environ.get("KILLS", "100"))
SEED = int(os.environ.get("SEED", "1"))
REFUSED = 0.2
"""Probability that the receiver answers 500."""
SLOWEST_SECONDS = 0.3
LATE = 48 * 3600
"""Past the deadline of every job, and before an event is given up."""
QUIET_SECONDS = 5.0

pytestmark = [pytest.mark.soak, pytest.mark.timeout(7200)]


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[S3Server]:
    (tmp_path / "bucket").mkdir()
    with s3_server(tmp_path / "bucket") as server:
        yield server


async def test_kills_lose_no_event_and_change_no_id(
    tmp_path: Path, bucket: S3Server, fal: FalStandIn
) -> None:
    chance = random.Random(SEED)  # noqa: S311 repeatable, not secret
    with surreal_server(tmp_path / "server") as server:
        async with event_receiver() as receiver, migrated(server.address("video")):
            refused = Counter[str]()

            async def answer(told: Told) -> Response:
                await asyncio.sleep(chance.uniform(0, SLOWEST_SECONDS))
                if chance.random() < REFUSED:
                    refused[told.message_id] += 1
                    return Response(status_code=500)
                return Response(status_code=204)

            receiver.answer = answer
            backends = Backends(tmp_path, server.address("video"), bucket, fal)
            environment = {name.upper(): value for name, value in receiver.settings.items()}
            async with simulation(
                backends, instances=2, seed=SEED, server=server, **environment
            ) as simulated:
                async with simulated.under_load(), asyncio.TaskGroup() as kills:
                    for instance in simulated.instances:
                        kills.create_task(simulated.kill_repeatedly(instance, KILLS // 2))
                told_under_load = len(receiver.told)
                outcome = await simulated.outcome()
                left = await tell_the_rest(simulated)
                jobs = await ended(backends)
    failures = [*outcome.failures, *left, *of_endings(jobs, receiver, refused)]
    messages = Counter(told.message_id for told in receiver.told)
    figures = {
        "kills": simulated.kills,
        "endings": len(jobs),
        "messages": len(receiver.told),
        "messages under load": told_under_load,
        "endings told more than once": sum(number > 1 for number in messages.values()),
        "most messages of one ending": max(messages.values()),
        "messages that were answered 500": refused.total(),
    }
    print("\n" + "\n".join(f"{name}: {value}" for name, value in figures.items()))  # noqa: T201 the figures are the point
    assert not failures, "\n".join(failures)


async def tell_the_rest(simulated: Simulation) -> list[str]:
    """Run all instances until nothing is left to tell, and return what is left nevertheless."""
    for number in range(ROUNDS):
        if not await waiting(simulated.backends):
            return []
        await simulated.backends.set_clock(LATE + number * ROUND_SECONDS)
        await asyncio.gather(*(instance.start() for instance in simulated.instances))
        now, quiet = await waiting(simulated.backends), 0.0
        while now and quiet < QUIET_SECONDS:
            await asyncio.sleep(0.5)
            before, now = now, await waiting(simulated.backends)
            quiet = quiet + 0.5 if now == before else 0.0
        for instance in simulated.instances:
            instance.kill()
    return [f"{event} is still to be told" for event in await waiting(simulated.backends)]


async def waiting(backends: Backends) -> list[str]:
    """Return the events that are still to be told."""
    async with connected(backends.address) as database:
        return [str(each) for each in await database.query("SELECT VALUE id FROM outgoing_event")]


async def ended(backends: Backends) -> dict[str, str]:
    """Return the status of every job that has ended."""
    async with connected(backends.address) as database:
        rows: list[Any] = await database.query(
            "SELECT VALUE [record::id(id), status] FROM video_job"
        )
    return {job: status for job, status in rows if status in TERMINAL}


def of_endings(
    jobs: dict[str, str], receiver: EventReceiver, refused: Counter[str]
) -> Iterator[str]:
    """Check that every ending was taken, under one id, and that nothing else was told."""
    told = Counter(each.message_id for each in receiver.told)
    ids: dict[str, set[str]] = {}
    for each in receiver.told:
        ids.setdefault(each.job_id, set()).add(each.message_id)
        if each.event["type"] != f"video.{jobs.get(each.job_id)}":
            yield f"{each.job_id} is {jobs.get(each.job_id)}, told as {each.event['type']}"
    yield from (
        f"{job} was told under {len(each)} ids" for job, each in ids.items() if len(each) > 1
    )
    yield from (f"{job} was never told" for job in jobs.keys() - ids.keys())
    yield from (f"{each} was never taken" for each in told if told[each] == refused[each])

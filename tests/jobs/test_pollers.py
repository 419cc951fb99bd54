"""The cost of polls for fal and the database does not depend on their number."""

import asyncio
from collections import Counter
from unittest import mock

from app.settings import Settings
from tests.support.clock import Clock
from tests.support.seams import RecordingSeam
from tests.support.service import running
from tests.support.stand_ins.fal import FalStandIn

POLLERS = 1000
SECONDS = 10


async def test_a_thousand_pollers_cost_fal_and_the_database_one_call_a_second(
    settings: Settings, fal: FalStandIn
) -> None:
    clock, seam = Clock(), RecordingSeam()
    async with running(settings, fal, seam=seam) as run:
        latest = run.service.lifecycle.latest
        with mock.patch.object(run.service.lifecycle._snapshots, "_clock", clock):
            job_id = await run.submitted()
            fal.advance(fal.newest, "IN_PROGRESS")
            await run.status(job_id)  # the change is recorded
            seam.names.clear()
            for _ in range(2 * SECONDS):
                clock.now += 0.5
                await asyncio.gather(*(latest(job_id) for _ in range(POLLERS)))
    calls_to = Counter(name.partition(".")[0] for name in seam.names)
    for calls in (fal.count("status") - 1, calls_to["fal"], calls_to["db"]):
        assert 1 < calls <= SECONDS + 1

"""What polls cost those behind the service: the same, however many they are."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from unittest import mock

from app.seam import T
from app.settings import Settings
from tests.service import running
from tests.stand_ins.fal import FalStandIn
from tests.test_watch import Clock

POLLERS = 1000
SECONDS = 10


class Counted:
    """A seam that counts the calls, but for the sweep's look at what is due."""

    def __init__(self) -> None:
        self.calls = Counter[str]()

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name != "db.video_job::take_due":
            self.calls[name.partition(".")[0]] += 1
        return await call()


async def test_a_thousand_pollers_cost_fal_and_the_database_one_call_a_second(
    settings: Settings, fal: FalStandIn
) -> None:
    clock, seam = Clock(), Counted()
    async with running(settings, fal, seam=seam) as run:
        latest = run.service.lifecycle.latest
        with mock.patch.object(run.service.lifecycle._watch, "_clock", clock):
            job_id = await run.submitted()
            fal.advance(fal.newest, "IN_PROGRESS")
            await run.status(job_id)  # the change is written down
            seam.calls.clear()
            for _ in range(2 * SECONDS):
                clock.now += 0.5
                await asyncio.gather(*(latest(job_id) for _ in range(POLLERS)))
    for calls in (fal.count("status") - 1, seam.calls["fal"], seam.calls["db"]):
        assert 1 < calls <= SECONDS + 1

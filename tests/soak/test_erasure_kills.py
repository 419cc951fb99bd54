"""Processes are killed while videos are deleted and users erased; in the end nothing is left."""

import asyncio
import os
import random
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import pytest

from app.database.audit import audit
from tests.soak.backends import Backends
from tests.soak.browsers import USERS, Browsers, is_unavailable
from tests.soak.instance import LoadBalancer
from tests.soak.simulation import (
    BEYOND_DEADLINE,
    ROUND_SECONDS,
    ROUNDS,
    Simulation,
    simulation,
)
from tests.support.database import connected, migrated, surreal_server
from tests.support.s3 import s3_server
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import admin_bearer, bearer

KILLS = int(os.environ.get("KILLS", "100"))
SEED = int(os.environ.get("SEED", "1"))
PAUSE = 0.5
"""The longest time between two deletions, in seconds."""
ERASED = 0.2
"""Probability that a user is erased, and not a video deleted."""
QUIET_SECONDS = 8.0
"""Longer than the time between two looks for due deletions."""
LEFT = """
RETURN {
  erasures: (SELECT VALUE record::id(id) FROM erasure WHERE finished_at = NONE),
  personal: (SELECT VALUE record::id(id) FROM video_job
    WHERE erased_at != NONE AND (user_email != '' OR variables != {} OR deleted_at = NONE)),
  listed: (SELECT VALUE record::id(id) FROM library_video
    WHERE deleted_at = NONE AND type::record('video_job', record::id(id)).deleted_at != NONE)
}"""

pytestmark = [pytest.mark.soak, pytest.mark.timeout(7200)]


class Eraser:
    """Deletes videos that their users have seen finished, and erases users."""

    def __init__(self, browsers: Browsers, balancer: LoadBalancer, chance: random.Random) -> None:
        self.done = Counter[str]()
        self.deleted: set[str] = set()
        self.failures: list[str] = []
        self._browsers = browsers
        self._balancer = balancer
        self._chance = chance

    async def work(self) -> None:
        """Work until the browsers are closed."""
        while not self._browsers.closed.is_set():
            await asyncio.sleep(self._chance.uniform(0, PAUSE))
            finished = [job for job, end in self._browsers.ends.items() if end == "completed"]
            if self._chance.random() < ERASED:
                user = quote(self._chance.choice(USERS), safe="")
                await self._ask("erase", f"/api/admin/users/{user}", admin_bearer(), 202)
            elif finished:
                job_id = self._chance.choice(finished)
                owner = self._browsers.accepted[job_id]
                if await self._ask("delete", f"/api/library/{job_id}", bearer(owner), 204):
                    self.deleted.add(job_id)

    async def _ask(self, what: str, path: str, headers: dict[str, str], expected: int) -> bool:
        answer = await self._balancer.send("DELETE", path, headers=headers)
        if answer is None:
            return False
        if answer.status_code == expected:
            self.done[what] += 1
        elif not is_unavailable(answer):
            self.failures.append(f"{what}: {answer.status_code} {answer.text}")
        return answer.status_code == expected


async def test_kills_during_deletions_and_erasures_leave_nothing_undone(
    tmp_path: Path, fal: FalStandIn
) -> None:
    with surreal_server(tmp_path / "server") as server, s3_server(tmp_path) as bucket:
        async with migrated(server.address("video")):
            pass
        backends = Backends(tmp_path, server.address("video"), bucket, fal)
        async with simulation(backends, instances=2, seed=SEED, server=server) as simulated:
            eraser = Eraser(simulated.browsers, simulated.balancer, simulated.chance)
            async with asyncio.TaskGroup() as erasing:
                erasing.create_task(eraser.work())
                async with simulated.under_load(), asyncio.TaskGroup() as kills:
                    for instance in simulated.instances:
                        kills.create_task(simulated.kill_repeatedly(instance, KILLS // 2))
            waiting = await backends.untidy()
            outcome = await simulated.outcome()
            rounds = await tidied(simulated)
        figures = {
            **{f"acknowledged: {what}": number for what, number in eraser.done.items()},
            "deletions and erasures to be carried out after the last kill": waiting,
            "rounds until they were": rounds,
        }
        print(f"\n{simulated.figures(outcome)}")  # noqa: T201 the figures are the point
        print("\n".join(f"{name}: {value}" for name, value in figures.items()))  # noqa: T201 as above
        assert not outcome.failures, "\n".join(outcome.failures)
        assert not eraser.failures, "\n".join(eraser.failures)
        async with connected(backends.address) as database, backends.storage() as storage:
            assert await audit(database, storage, read=True) == []
            assert await database.query(LEFT) == {"erasures": [], "personal": [], "listed": []}
            deleted = await database.query(
                "SELECT VALUE record::id(id) FROM video_job WHERE deleted_at != NONE"
            )
        assert eraser.deleted <= set(deleted)


async def tidied(simulated: Simulation) -> int:
    """Run the instances, with time passing, until every deletion and erasure is carried out."""
    for number in range(1, ROUNDS + 1):
        await simulated.backends.set_clock(ROUNDS * BEYOND_DEADLINE + number * ROUND_SECONDS)
        await asyncio.gather(*(instance.start() for instance in simulated.instances))
        left, since = await simulated.backends.untidy(), time.monotonic()
        while left and time.monotonic() - since < QUIET_SECONDS:
            await asyncio.sleep(0.5)
            if (now := await simulated.backends.untidy()) != left:
                left, since = now, time.monotonic()
        for instance in simulated.instances:
            instance.kill()
        if not left:
            return number
    raise AssertionError(f"{left} deletions and erasures are left")


async def of_objects(backends: Backends, deleted: set[str]) -> list[str]:
    """Return the keys of objects that deleted jobs have stored."""
    async with connected(backends.address) as database, backends.storage() as storage:
        keys = await database.query(
            "RETURN array::flatten((SELECT VALUE [video_key, poster_key, start_key] FROM video_job"
            " WHERE deleted_at != NONE)).filter(|$key| $key != NONE)"
        )
        found = {key: await storage.find(key, read=False) for key in keys}
    return [key for key, each in found.items() if each and each.owner in deleted]

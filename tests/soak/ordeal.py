"""A world in which people click, fal works, and processes die."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx

from app.server.scratch import PREFIX
from tests.soak.browsers import USERS, Browsers
from tests.soak.instance import Entrance, Instance
from tests.soak.provider import Provider
from tests.soak.verdict import Verdict, judge
from tests.soak.world import World
from tests.support.database import SurrealServer
from tests.support.process import PATIENCE
from tests.support.service import UNLIMITED_ENVIRONMENT
from tests.support.tokens import bearer

LIFE_SECONDS = 0.05, 2.0
DATABASE_LIFE_SECONDS = 1.0, 5.0
DATABASE_AWAY_SECONDS = 0.0, 2.0
ROUNDS = 20
ROUND_SECONDS = 130
"""Longer than a lease, than a silence and than any wait between two tries."""
BEYOND_DEADLINE = 25 * 3600
QUIET_SECONDS = 3.0
SLOW = 2.0
"""Seconds within which everything but a submit is answered."""


@dataclass
class Ordeal:
    """Instances of the service over one world, and everybody who has to do with them."""

    world: World
    instances: Sequence[Instance]
    entrance: Entrance
    browsers: Browsers
    provider: Provider
    chance: random.Random
    began: float = field(default_factory=time.monotonic)
    kills: int = 0
    database_kills: int = 0

    async def lives(self, instance: Instance, number: int) -> None:
        """Let an instance live and die so many times."""
        for _ in range(number):
            await instance.start()
            await asyncio.sleep(self.chance.uniform(*LIFE_SECONDS))
            instance.kill()
            self.kills += 1

    async def database_lives(self, server: SurrealServer, number: int) -> None:
        """Kill the database and start it again so many times."""
        for _ in range(number):
            await asyncio.sleep(self.chance.uniform(*DATABASE_LIFE_SECONDS))
            server.kill()
            self.database_kills += 1
            await asyncio.sleep(self.chance.uniform(*DATABASE_AWAY_SECONDS))
            await asyncio.to_thread(server.start)

    @asynccontextmanager
    async def in_use(self) -> AsyncIterator[None]:
        """Let people use the service meanwhile."""
        browsing = asyncio.create_task(self.browsers.browse())
        try:
            yield
        finally:
            self.browsers.closed.set()
            await browsing

    async def verdict(self) -> Verdict:
        """Let time pass with no browser open until every job has ended, and judge."""
        await self.provider.finished()
        ahead = ROUND_SECONDS
        for _ in range(ROUNDS):
            await self.world.pass_time(ahead)
            await self._round()
            unfinished = await self.world.unfinished()
            if not unfinished:
                break
            ahead += ROUND_SECONDS if any(unfinished) else BEYOND_DEADLINE
        verdict = await judge(self.world, self.browsers, self.provider)
        verdict.troubles.extend(self.browsers.troubles + self.provider.troubles)
        verdict.troubles.extend(self.entrance.troubles)
        verdict.troubles.extend(each for one in self.instances for each in one.troubles)
        left = list(self.world.folder.glob(f"{PREFIX}*"))
        if len(left) > len(self.instances):  # each death leaves one, each start tidies up
            verdict.troubles.append(f"{len(left)} folders of dead processes are left")
        return verdict

    async def _round(self) -> None:
        """Run all instances until nothing happens any more."""
        await asyncio.gather(*(instance.start() for instance in self.instances))
        held, since = -1, time.monotonic()
        while held != 0 and time.monotonic() - since < QUIET_SECONDS:
            await asyncio.sleep(0.2)
            if (now := await self._held()) != held:
                held, since = now, time.monotonic()
        for instance in self.instances:
            instance.kill()

    async def _held(self) -> int:
        """Return the credits of all jobs that have not ended."""
        return sum([await self._held_of(user) for user in USERS])

    async def _held_of(self, user: str) -> int:
        while True:
            answer = await self.entrance.send("GET", "/api/credits", headers=bearer(user))
            assert answer is not None, "an instance dies while nobody kills it"
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:  # a busy machine's database
                held: int = answer.raise_for_status().json()["held"]
                return held
            await asyncio.sleep(0.2)

    def figures(self, verdict: Verdict) -> str:
        """Tell in a few lines what it came to."""
        starts = [each for one in self.instances for each in one.seconds_to_ready]
        browsers = self.browsers
        told = {
            "kills of the service": self.kills,
            "kills of the database": self.database_kills,
            "seconds": round(time.monotonic() - self.began),
            "submits acknowledged": len(browsers.accepted),
            "jobs by their end": dict(verdict.ends),
            "wishes to cancel taken": browsers.cancelled,
            "lines lost": self.entrance.lost,
            "answers database_unavailable": browsers.unavailable,
            "seconds to ready": spread(starts),
            "starts that failed": sum(one.failed_starts for one in self.instances),
            **{f"seconds to {what}": spread(each) for what, each in browsers.seconds.items()},
        }
        return "\n".join(f"{name}: {value}" for name, value in told.items())


@asynccontextmanager
async def ordeal(world: World, *, instances: int, seed: int) -> AsyncIterator[Ordeal]:
    """Lay out a world with so many instances; fal is at work in it."""
    chance = random.Random(seed)  # noqa: S311 to be repeated, not to be secret
    async with AsyncExitStack() as stack:
        places = [
            await stack.enter_async_context(
                Instance(world.folder, world.settings(**UNLIMITED_ENVIRONMENT))
            )
            for _ in range(instances)
        ]
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=PATIENCE))
        entrance = Entrance(places, client, chance)
        browsers, provider = Browsers(entrance, chance), Provider(world.fal, entrance, chance)
        working = asyncio.create_task(provider.work())
        yield Ordeal(world, places, entrance, browsers, provider, chance)
        working.cancel()
        await asyncio.wait({working})


def spread(seconds: Sequence[float]) -> str:
    """Tell how many there are, and how they are spread."""
    ordered = sorted(seconds)
    p50, p99 = (ordered[int(len(ordered) * part)] for part in (0.5, 0.99))
    slow = sum(each > SLOW for each in ordered)
    return f"{len(ordered)}, p50 {p50:.3f}, p99 {p99:.3f}, max {ordered[-1]:.3f}, {slow} over 2"

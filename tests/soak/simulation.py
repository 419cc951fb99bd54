"""Users, fal and instances of the service, whose processes are killed at random times."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from mmap import PAGESIZE

import httpx

from app.database.disk_room import RESERVE
from app.server.scratch import PREFIX
from tests.soak.backends import Backends
from tests.soak.browsers import USERS, Browsers
from tests.soak.disk import Disk
from tests.soak.fal_worker import FalWorker
from tests.soak.instance import Instance, LoadBalancer
from tests.soak.outcome import Outcome, inspect
from tests.support.database import SurrealServer
from tests.support.process import PATIENCE
from tests.support.service import UNLIMITED_ENVIRONMENT
from tests.support.tokens import bearer

LIFETIME_SECONDS = 0.05, 2.0
DATABASE_UP_SECONDS = 1.0, 5.0
DATABASE_DOWN_SECONDS = 0.0, 2.0
DISK_ROOMY_SECONDS = 2.0, 10.0
DISK_FILLING_SECONDS = 0.5
DISK_FULL_SECONDS = 0.0, 3.0
DISK_FULL_PAGES = range(8)
"""Left when the disk is full: an object's metadata may find room where the object does not."""
CLOCK_TURNED = 0.2
"""Probability that the database's clock is wrong, or right again, after a kill."""
CLOCK_AHEAD_SECONDS = 60.0, 12 * 3600.0
"""Less than the deadline of a job, which would end it rightly."""
ROUNDS = 20
ROUND_SECONDS = 130
"""Longer than a lease, than any retry delay, and than a submit without progress may last."""
BEYOND_DEADLINE = 25 * 3600
QUIET_SECONDS = 5.0
SLOW = 2.0
"""Seconds in which everything except a submit is answered."""


@dataclass
class Simulation:
    """Instances of the service on shared backends, with the users and fal."""

    backends: Backends
    instances: Sequence[Instance]
    balancer: LoadBalancer
    browsers: Browsers
    fal_worker: FalWorker
    chance: random.Random
    server: SurrealServer | None
    """The database's server; None if it is embedded."""
    began: float = field(default_factory=time.monotonic)
    kills: int = 0
    database_kills: int = 0
    disks_filled: int = 0
    clocks_set_back: int = 0
    _clock_is_ahead: bool = False
    _room: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the disk is full or the server is down."""

    async def kill_repeatedly(self, instance: Instance, number: int) -> None:
        """Start an instance and kill it, ``number`` times."""
        for _ in range(number):
            await instance.start()
            await asyncio.sleep(self.chance.uniform(*LIFETIME_SECONDS))
            instance.kill()
            self.kills += 1
            if self.backends.address.embedded:  # no other process can open the store
                await self._turn_clock_perhaps()

    async def kill_database_repeatedly(self, number: int) -> None:
        """Kill the database's server and start it again, ``number`` times."""
        assert self.server is not None
        for _ in range(number):
            await asyncio.sleep(self.chance.uniform(*DATABASE_UP_SECONDS))
            async with self._room:
                self.server.kill()
                self.database_kills += 1
                await asyncio.sleep(self.chance.uniform(*DATABASE_DOWN_SECONDS))
                await asyncio.to_thread(self.server.start)
            await self._turn_clock_perhaps()

    async def _turn_clock_perhaps(self) -> None:
        """Set the database's clock ahead, or back if it is ahead, with a small probability."""
        if self.chance.random() >= CLOCK_TURNED:
            return
        self.clocks_set_back += self._clock_is_ahead
        self._clock_is_ahead = not self._clock_is_ahead
        ahead = self.chance.uniform(*CLOCK_AHEAD_SECONDS) if self._clock_is_ahead else 0
        async with self._room:
            await self.backends.set_clock(ahead)

    @asynccontextmanager
    async def under_load(self) -> AsyncIterator[None]:
        """Let the users work with the service meanwhile, and fill the disk at times."""
        browsing = asyncio.create_task(self.browsers.browse())
        filling = asyncio.create_task(self._fill_disk_repeatedly(self.backends.disk))
        try:
            yield
        finally:
            async with self._room:  # the disk is not full, and no server is being restarted
                filling.cancel()
            await asyncio.wait({filling})
            if not filling.cancelled():
                filling.result()
            self.browsers.closed.set()
            await browsing

    async def _fill_disk_repeatedly(self, disk: Disk | None) -> None:
        while disk is not None:
            await asyncio.sleep(self.chance.uniform(*DISK_ROOMY_SECONDS))
            async with self._room:
                try:
                    # No disk fills up between the check of its room and the call that follows.
                    await asyncio.to_thread(disk.leave, RESERVE // 2)
                    await asyncio.sleep(DISK_FILLING_SECONDS)
                    await asyncio.to_thread(
                        disk.leave, self.chance.choice(DISK_FULL_PAGES) * PAGESIZE
                    )
                    self.disks_filled += 1
                    await asyncio.sleep(self.chance.uniform(*DISK_FULL_SECONDS))
                finally:
                    disk.empty()
                if self.server is not None:  # as docs/operations.md says
                    await asyncio.to_thread(self.server.restart)

    async def outcome(self) -> Outcome:
        """Let time pass without users until every job has ended, then check the invariants."""
        await self.fal_worker.finished()
        ahead = ROUND_SECONDS
        for _ in range(ROUNDS):
            await self.backends.set_clock(ahead)
            await self._round()
            unfinished = await self.backends.unfinished()
            if not unfinished:
                break
            ahead += ROUND_SECONDS if any(unfinished) else BEYOND_DEADLINE
        outcome = await inspect(self.backends, self.browsers, self.fal_worker)
        outcome.failures.extend(self.browsers.failures + self.fal_worker.failures)
        outcome.failures.extend(self.balancer.failures)
        outcome.failures.extend(each for one in self.instances for each in one.failures)
        left = list(self.backends.scratch.glob(f"{PREFIX}*"))
        # Each kill leaves one folder, and each start removes those of dead processes.
        if len(left) > len(self.instances):
            outcome.failures.append(f"{len(left)} scratch folders of dead processes are left")
        return outcome

    async def _round(self) -> None:
        """Run all instances until no job changes any more."""
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
            answer = await self.balancer.send("GET", "/api/credits", headers=bearer(user))
            assert answer is not None, "an instance ended that was not killed"
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:  # a busy machine's database
                held: int = answer.raise_for_status().json()["held"]
                return held
            await asyncio.sleep(0.2)

    def figures(self, outcome: Outcome) -> str:
        """Return the figures of the simulation as text."""
        starts = [each for one in self.instances for each in one.seconds_to_ready]
        browsers = self.browsers
        figures = {
            "kills of the service": self.kills,
            "kills of the database": self.database_kills,
            "times the disk was full": self.disks_filled,
            "times the database's clock was set back": self.clocks_set_back,
            "seconds": round(time.monotonic() - self.began),
            "submits accepted": len(browsers.accepted),
            "jobs by their end": dict(outcome.ends),
            "cancels accepted": browsers.cancelled,
            "connections lost": self.balancer.lost,
            "answers database_unavailable": browsers.unavailable,
            "seconds to ready": spread(starts),
            "starts that failed": sum(one.failed_starts for one in self.instances),
            **{f"seconds to {what}": spread(each) for what, each in browsers.seconds.items()},
        }
        return "\n".join(f"{name}: {value}" for name, value in figures.items())


@asynccontextmanager
async def simulation(
    backends: Backends,
    *,
    instances: int,
    seed: int,
    server: SurrealServer | None = None,
    **environment: str,
) -> AsyncIterator[Simulation]:
    """Set up users, fal and ``instances`` instances of the service, with this ``environment``."""
    chance = random.Random(seed)  # noqa: S311 repeatable, not secret
    async with AsyncExitStack() as stack:
        places = [
            await stack.enter_async_context(
                Instance(backends.folder, backends.settings(**UNLIMITED_ENVIRONMENT, **environment))
            )
            for _ in range(instances)
        ]
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=PATIENCE))
        balancer = LoadBalancer(places, client, chance)
        browsers, fal_worker = Browsers(balancer, chance), FalWorker(backends.fal, balancer, chance)
        working = asyncio.create_task(fal_worker.work())
        yield Simulation(backends, places, balancer, browsers, fal_worker, chance, server)
        working.cancel()
        await asyncio.wait({working})


def spread(seconds: Sequence[float]) -> str:
    """Return count, percentiles and maximum as text."""
    ordered = sorted(seconds)
    p50, p99 = (ordered[int(len(ordered) * part)] for part in (0.5, 0.99))
    slow = sum(each > SLOW for each in ordered)
    return f"{len(ordered)}, p50 {p50:.3f}, p99 {p99:.3f}, max {ordered[-1]:.3f}, {slow} over 2"

"""A service that meets a fault at one call, or dies there and starts again on the same store."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest

from app import times
from app.jobs import snapshots
from app.settings import Settings
from app.templates import catalogue
from tests.support.clock import set_clock_ahead
from tests.support.database_failures import RaisingSdk
from tests.support.seams import DEATHS, CallFault, CrashSeam
from tests.support.service import UNLIMITED_SETTINGS, Running, settings_for
from tests.support.service import running as running_service
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import ADMIN_KEY, admin_bearer, bearer

ROUNDS = 12
FAULTY_ROUNDS = 4
"""Enough to deliver a job that fal has just accepted."""
ROUND_SECONDS = 130
"""Longer than a lease, a silent submit, and any wait between two retries."""
A_DAY = 24 * 3600 + 60
"""Past the deadline of every job."""

Faults = Mapping[int, CallFault]
"""By the number of the call."""


@dataclass
class User:
    """A browser's user. Each case has its own, so that many cases share one store."""

    name: str
    fal: FalStandIn = field(repr=False)
    faults: list[Faults]
    accepted: list[str] = field(default_factory=list)
    """The jobs that were acknowledged."""
    deleted: list[str] = field(default_factory=list)
    """The jobs whose deletion was acknowledged."""
    erased: bool = False
    """Whether the user's erasure was acknowledged."""

    async def submit(self, run: Running, key: str = "click") -> str | None:
        answer = await run.submit(user=self.name, headers={"Idempotency-Key": key})
        if answer.status_code != 202:
            assert answer.status_code in {500, 502, 503}, answer.text
            return None
        job_id: str = answer.json()["jobId"]
        self.accepted.append(job_id)
        return job_id

    async def poll(self, run: Running, job_id: str, times: int = 4) -> None:
        for _ in range(times):
            await run.get("/api/templates/video/status", user=self.name, jobId=job_id)
            await run.wait_for_background()

    async def delete(self, run: Running, job_id: str) -> None:
        answer = await run.client.delete(f"/api/library/{job_id}", headers=bearer(self.name))
        assert answer.status_code in {204, 404, 500, 503}, answer.text
        if answer.status_code == 204:
            self.deleted.append(job_id)

    async def erase(self, run: Running) -> None:
        answer = await run.client.delete(f"/api/admin/users/{self.name}", headers=admin_bearer())
        assert answer.status_code in {202, 500, 503}, answer.text
        self.erased = answer.status_code == 202

    @property
    def met_a_death(self) -> bool:
        return any(fault in DEATHS for faults in self.faults for fault in faults.values())


Scenario = Callable[[User, Running], Awaitable[None]]


class Lives:
    """The lives of one service on one store, each as long as nothing kills it."""

    def __init__(self, settings: Settings, fal: FalStandIn, sdk: RaisingSdk) -> None:
        self.settings = settings
        self.fal = fal
        self._sdk = sdk
        self._seam = CrashSeam()
        self._running: asyncio.Future[Running] | None = None
        self._life: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        self._seconds = 0
        """That have passed."""

    @classmethod
    def on_copy(
        cls, migrated: Path, folder: Path, fal: FalStandIn, sdk: RaisingSdk, **changes: Any
    ) -> Self:
        """Return lives on a copy of a migrated store."""
        shutil.copytree(migrated, folder / "surreal")
        store = f"surrealkv://{folder / 'surreal'}"
        keys = {"fal_key": FalStandIn.key, "admin_api_keys": ADMIN_KEY}
        given = UNLIMITED_SETTINGS | keys | changes
        return cls(settings_for(store, folder / "storage", **given), fal, sdk)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.end()

    async def end(self) -> None:
        """Stop the service."""
        self._over.set()
        if self._life is not None:
            await asyncio.wait({self._life})
        self._life = self._running = None

    @property
    def calls(self) -> list[str]:
        """The names of the calls since the start, or since the last step."""
        return self._seam.calls

    async def begin(self, faults: Faults | None = None) -> Running | None:
        """Return the running service; None if the faults prevent its start."""
        if self._running is not None:
            return self._running.result()
        self._seam = CrashSeam(faults, sdk=self._sdk)
        self._over = asyncio.Event()
        started = asyncio.Event()
        running: asyncio.Future[Running] = asyncio.get_running_loop().create_future()
        self._life = asyncio.create_task(self._live(running))
        self._life.add_done_callback(lambda _: started.set())
        running.add_done_callback(lambda _: started.set())
        await started.wait()
        if running.done():
            self._running = running
            return running.result()
        await asyncio.wait({self._life})  # its error is the fault's
        self._life = None
        return None

    async def _live(self, running: asyncio.Future[Running]) -> None:
        async with running_service(self.settings, self.fal, seam=self._seam) as run:
            running.set_result(run)
            await self._over.wait()

    async def step(
        self, body: Callable[[Running], Awaitable[None]], faults: Faults | None = None
    ) -> list[str]:
        """Run the body and the background work with faults; return the names of the calls."""
        run = await self.begin()
        assert run is not None
        seam = self._seam
        seam.restart(faults or {})

        async def whole() -> None:
            await body(run)
            await run.wait_for_background()

        step = asyncio.create_task(whole())
        # Whatever waits for a dead service is cancelled.
        with suppress(asyncio.CancelledError):
            await step
        assert seam.died.is_set() or not step.cancelled()
        calls = seam.calls
        seam.restart({})
        if seam.died.is_set():
            await self.end()
        return calls

    async def pass_time(self, seconds: int) -> None:
        """Set the database's clock further ahead."""
        run = await self.begin()
        assert run is not None
        self._seconds += seconds
        await set_clock_ahead(run.service.database, self._seconds)

    async def recover(self) -> None:
        """Let time pass until every job has ended, and every deletion and erasure is carried out.

        A job whose submit has no known outcome waits for a webhook until its deadline. The stand-in
        sends none here, so that the time after the deadline is tried as well.
        """
        rounds = 0
        while left := await self.unfinished():
            assert rounds < ROUNDS, left
            late = rounds == FAULTY_ROUNDS and self.settings.public_url is not None
            await self.pass_time(A_DAY if late else ROUND_SECONDS)
            await self.step(sweep)
            rounds += 1
        while left := await self._untidy():
            assert rounds < 2 * ROUNDS, left
            await self.pass_time(ROUND_SECONDS)
            await self.step(sweep)
            await self.step(tidy)
            rounds += 1

    async def _untidy(self) -> list[dict[str, Any]]:
        run = await self.begin()
        assert run is not None
        return list(await run.rows("SELECT * FROM deletion, erasure WHERE due_at != NONE"))

    async def unfinished(self) -> list[dict[str, Any]]:
        """Return the jobs that have not ended."""
        run = await self.begin()
        assert run is not None
        return list(await run.rows("SELECT * FROM video_job WHERE due_at != NONE"))


async def sweep(run: Running) -> None:
    await run.service.sweep.once()


async def tidy(run: Running) -> None:
    """Carry out the deletions and erasures that are due."""
    await run.service.erasures.once()
    await run.service.deletions.once()


def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not drain a dead service, and sweep only when a test asks."""
    monkeypatch.setattr(times, "DRAIN", 0.0)
    monkeypatch.setattr(times, "SWEEP_INTERVAL", 3600.0)
    monkeypatch.setattr(catalogue, "RETRY_INTERVAL", 0.0)
    monkeypatch.setattr(times, "FIRST_SUBMIT", 0.0)
    monkeypatch.setattr(snapshots, "FRESH", 0.0)
    monkeypatch.setattr(snapshots, "WATCHED", 0.0)

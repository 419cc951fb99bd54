"""What users do while calls fail, and what must hold afterwards."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from app.database.audit import audit
from app.storage.local_files import LocalFiles
from tests.support.crashes import (
    FAULTY_ROUNDS,
    ROUND_SECONDS,
    Faults,
    Lives,
    Scenario,
    User,
    sweep,
    tidy,
    without_waiting,
)
from tests.support.database_failures import raising_sdk
from tests.support.seams import DEATHS, CallFault
from tests.support.service import TERMINAL, Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Hang
from tests.support.stand_ins.videos import small_video


async def completes(user: User, run: Running) -> None:
    if job_id := await user.submit(run):
        await user.poll(run, job_id)


async def completes_unwatched(user: User, run: Running) -> None:
    await user.submit(run)


async def is_cancelled(user: User, run: Running) -> None:
    if job_id := await user.submit(run):
        await user.poll(run, job_id, times=1)
        await run.cancel(job_id, user=user.name)
        await user.poll(run, job_id)


async def is_refused_by_the_model(user: User, run: Running) -> None:
    if job_id := await user.submit(run):
        for request_id in user.fal.requests:
            user.fal.fail(request_id)
        await user.poll(run, job_id)


async def is_cancelled_while_it_uploads(user: User, run: Running) -> None:
    hang = Hang()
    user.fal.faults.add("upload", hang)
    submit = asyncio.create_task(user.submit(run))
    reached = asyncio.create_task(hang.reached.wait())
    try:
        await asyncio.wait({submit, reached}, return_when=asyncio.FIRST_COMPLETED)
        if reached.done():
            name = user.fal.last("upload").headers["x-fal-file-name"]
            await run.cancel(name.partition(".")[0], user=user.name)
    finally:
        reached.cancel()
        user.fal.faults.clear()
        hang.released.set()
        await asyncio.wait({submit})
    await submit


async def is_deleted(user: User, run: Running) -> None:
    if job_id := await user.submit(run):
        await user.poll(run, job_id)
        await user.delete(run, job_id)
        await tidy(run)


async def is_erased(user: User, run: Running) -> None:
    """One job has ended and another has not when the user is erased."""
    if job_id := await user.submit(run):
        await user.poll(run, job_id)
        await user.submit(run, key="another-click")
        await user.erase(run)
        for _ in range(2):
            await tidy(run)
            await run.wait_for_background()


SCENARIOS: list[Scenario] = [
    completes,
    completes_unwatched,
    is_cancelled,
    is_cancelled_while_it_uploads,
    is_refused_by_the_model,
    is_deleted,
    is_erased,
]
GO_ON_AFTER_COMPLETION = [is_deleted, is_erased]
"""These begin as ``completes`` does."""
MUST_COMPLETE = [completes, completes_unwatched]


@dataclass
class Cases:
    """Cases of one scenario, each with a user of its own."""

    lives: Lives
    scenario: Scenario
    users: list[User] = field(default_factory=list)

    async def play(self, faults: Faults | None = None, later: Faults | None = None) -> list[str]:
        """Run the scenario and the recovery; return the names of the last calls with faults.

        With ``later``, these faults are met while the first sweeps take up what was left.
        """
        user = User(f"user-{len(self.users)}", self.lives.fal, [faults or {}, later or {}])
        self.users.append(user)
        calls = await self.lives.step(lambda run: self.scenario(user, run), faults)
        if not user.accepted:
            await self.lives.step(lambda run: self._repeat(user, run))
        if later is not None:
            calls = await self._sweep(later)
        await self.lives.recover()
        return calls

    async def points(self, faults: tuple[CallFault, ...]) -> list[tuple[int, CallFault]]:
        """Return the points of the scenario, without those at which it is another one.

        Nothing of a scenario follows a death. One in the calls that it shares with ``completes`` is
        a case of that.
        """
        names = await self.play()
        known = 0
        if faults == DEATHS and self.scenario in GO_ON_AFTER_COMPLETION:
            same = zip(names, await self._play_as(completes), strict=False)
            known = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], same))
        return [point for point in points(names, faults) if point[0] >= known]

    async def _play_as(self, scenario: Scenario) -> list[str]:
        return await Cases(self.lives, scenario, self.users).play()

    async def start(self, faults: Faults) -> list[str]:
        """Start the service with faults and run the scenario; return the names of all calls."""
        await self.lives.end()
        await self.lives.begin(faults)
        started = self.lives.calls
        return started + await self.play(_after(faults, started))

    async def _repeat(self, user: User, run: Running) -> None:
        assert await user.submit(run), f"the repeat is not accepted: {user}"

    async def _sweep(self, faults: Faults) -> list[str]:
        calls: list[str] = []
        for _ in range(FAULTY_ROUNDS):
            if not await self.lives.unfinished():
                break
            await self.lives.pass_time(ROUND_SECONDS)
            calls += await self.lives.step(sweep, _after(faults, calls))
        return calls

    async def check(self) -> None:
        """Assert what must hold after any fault."""
        run = await self.lives.begin()
        assert run is not None
        storage = LocalFiles(self.lives.settings.storage_dir)
        violations = await audit(run.service.database, storage, read=True)
        jobs = await run.rows("SELECT *, record::id(id) AS id FROM video_job")
        users = {user.name: user for user in self.users}
        assert violations == [], self.users
        deleted = {job["id"] for job in jobs if job.get("deleted_at")}
        assert {job_id for user in self.users for job_id in user.deleted} <= deleted
        assert {job["id"] for job in jobs if users[job["user"]].erased} <= deleted
        found = {job["id"] for job in jobs}
        assert {job_id for user in self.users for job_id in user.accepted} <= found
        problems = [
            f"{problem}: {job}, {user}"
            for job in jobs
            for user in [users[job["user"]]]
            for problem in self._problems(job, user)
        ]
        assert problems == [], "\n".join(problems)

    def _problems(self, job: dict[str, Any], user: User) -> Iterator[str]:
        must_complete = self.scenario in MUST_COMPLETE
        posts = self._posts(job["id"])
        if posts > 1:
            yield f"sent to fal {posts} times"
        if job["status"] not in TERMINAL:
            yield "has not ended"
        lost = user.met_a_death or job.get("submitted_at") is not None
        if job.get("fal_request_id") is not None:
            if must_complete and job["status"] != "completed":
                yield "fal's video was not delivered"
        elif job["status"] == "completed":
            yield "completed without a request"
        elif must_complete and job["id"] in user.accepted and not lost:
            yield "acknowledged and not sent to fal"

    def _posts(self, job_id: str) -> int:
        """Return how often the job was sent to fal; the address of its image names it."""
        return sum(
            call.name == "submit" and job_id.encode() in call.body for call in self.lives.fal.calls
        )


@asynccontextmanager
async def begun_cases(
    migrated: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    scenario: Scenario,
    **settings: Any,
) -> AsyncIterator[Cases]:
    """Begin the cases of a scenario on a copy of a migrated store; check them at the end."""
    without_waiting(monkeypatch)
    sdk = raising_sdk(monkeypatch)
    async with (
        FalStandIn(video=small_video()) as fal,
        Lives.on_copy(migrated, folder, fal, sdk, **settings) as lives,
    ):
        cases = Cases(lives, scenario)
        await cases.play()  # later plays find the catalogue loaded
        yield cases
        await cases.check()


def _after(faults: Faults, calls: list[str]) -> Faults:
    """Return the faults of the calls that follow ``calls``."""
    return {number - len(calls): fault for number, fault in faults.items()}


def points(names: list[str], faults: tuple[CallFault, ...]) -> list[tuple[int, CallFault]]:
    """Return each call's number with each fault that it can have."""
    assert len(names) >= 5, names
    return [
        (number, fault)
        for number, name in enumerate(names)
        for fault in faults
        if fault.can_happen_at(name)
    ]

"""Each call to an outside system is made to fail in four ways, and every invariant still holds.

The process dies before the call or after it, the call fails, or its answer is lost. Then the
service starts again on the same store, time passes, the sweep runs with no browser open, and the
audit checks every invariant.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from app import times
from app.database.address import Address
from app.database.audit import audit
from app.problems import DatabaseUnavailable
from app.settings import Settings
from app.storage.local_files import LocalFiles
from tests.support.clock import set_clock_ahead
from tests.support.database import connected
from tests.support.seams import CallFault, CrashSeam
from tests.support.service import Running, running, settings_for
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Hang
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer
from tests.support.webhooks import PUBLIC_URL

# The garbage collector closes the sockets of a service that died.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ROUNDS = 8
FAULTY_ROUNDS = 4
"""Enough to deliver a job that fal has just accepted."""
ROUND_SECONDS = 130
"""Longer than a lease, a silent submit, and any wait between two retries."""
A_DAY = 24 * 3600 + 60
"""Past the deadline of every job."""
VIDEO = small_video()


@dataclass
class User:
    """A browser's user, and the jobs that were acknowledged."""

    run: Running
    fal: FalStandIn
    accepted: list[str] = field(default_factory=list)

    async def submit(self) -> str | None:
        answer = await self.run.submit(headers={"Idempotency-Key": "click"})
        if answer.status_code != 202:
            return None
        job_id: str = answer.json()["jobId"]
        self.accepted.append(job_id)
        return job_id

    async def poll(self, job_id: str, times: int = 4) -> None:
        for _ in range(times):
            await self.run.get("/api/templates/video/status", jobId=job_id)
            await self.run.wait_for_background()


Scenario = Callable[[User], Awaitable[None]]


async def completes(user: User) -> None:
    if job_id := await user.submit():
        await user.poll(job_id)


async def completes_unwatched(user: User) -> None:
    await user.submit()


async def is_cancelled(user: User) -> None:
    if job_id := await user.submit():
        await user.poll(job_id, times=1)
        await user.run.client.post(
            "/api/templates/video/cancel", params={"jobId": job_id}, headers=bearer()
        )
        await user.poll(job_id)


async def is_refused_by_the_model(user: User) -> None:
    if job_id := await user.submit():
        for request_id in user.fal.requests:
            user.fal.fail(request_id)
        await user.poll(job_id)


async def is_cancelled_while_it_uploads(user: User) -> None:
    hang = Hang()
    user.fal.faults.add("upload", hang)
    submit = asyncio.create_task(user.submit())
    reached = asyncio.create_task(hang.reached.wait())
    await asyncio.wait({submit, reached}, return_when=asyncio.FIRST_COMPLETED)
    reached.cancel()
    for job_id in await user.run.rows("SELECT VALUE record::id(id) FROM video_job"):
        await user.run.cancel(job_id)
    hang.released.set()
    await submit


SCENARIOS: list[Scenario] = [
    completes,
    completes_unwatched,
    is_cancelled,
    is_cancelled_while_it_uploads,
    is_refused_by_the_model,
]


@dataclass(frozen=True)
class World:
    """The settings of a service with a folder of its own."""

    settings: Settings

    @classmethod
    def copy(cls, migrated: Path, folder: Path, public_url: str | None) -> "World":
        shutil.copytree(migrated, folder / "surreal")
        store = f"surrealkv://{folder / 'surreal'}"
        return cls(
            settings_for(store, folder / "storage", fal_key=FalStandIn.key, public_url=public_url)
        )


async def life(
    world: World, fal: FalStandIn, seam: CrashSeam, body: Callable[[Running], Awaitable[None]]
) -> None:
    """Run the service until the body ends or the service dies."""

    async def live() -> None:
        async with running(world.settings, fal, seam=seam) as run:
            await body(run)

    # A fault may prevent the start, and whatever waits for a dead service is cancelled.
    with suppress(asyncio.CancelledError, DatabaseUnavailable):
        await asyncio.create_task(live())


async def play(world: World, scenario: Scenario, fal: FalStandIn, seam: CrashSeam) -> list[str]:
    """Run the scenario, and return the jobs that were acknowledged."""
    accepted: list[str] = []
    await life(world, fal, seam, lambda run: scenario(User(run, fal, accepted)))
    return accepted


async def recover(world: World, fal: FalStandIn, seam: CrashSeam, *, rounds: int) -> None:
    """Start the service again with no browser open, and let time pass.

    A job whose submit has no known outcome waits for a webhook until its deadline. The stand-in
    sends none here, so that the time after the deadline is tried as well.
    """

    async def pass_time(run: Running) -> None:
        for seconds in (*(number * ROUND_SECONDS for number in range(1, rounds + 1)), A_DAY):
            if seconds == A_DAY and world.settings.public_url is None:
                break
            await set_clock_ahead(run.service.database, seconds)
            await run.service.sweep.once()
            await run.wait_for_background()

    await life(world, fal, seam, pass_time)


async def check(world: World, scenario: Scenario, fal: FalStandIn, accepted: list[str]) -> None:
    """Assert what must hold after any fault."""
    storage = LocalFiles(world.settings.storage_dir)
    async with connected(Address.from_settings(world.settings)) as database:
        violations = await audit(database, storage, read=True)
        jobs = await database.query("SELECT * FROM video_job")
    assert violations == []
    assert {job["status"] for job in jobs} <= {"completed", "failed", "cancelled"}
    assert set(accepted) <= {job["id"].id for job in jobs}
    assert fal.count("submit") <= len(jobs)
    for job in jobs:
        if job.get("fal_request_id") is None:
            assert job["status"] in {"failed", "cancelled"}
        elif scenario in {completes, completes_unwatched}:
            assert job["status"] == "completed", job


async def survive(
    migrated: Path,
    folder: Path,
    scenario: Scenario,
    faults: Mapping[int, CallFault],
    later: Mapping[int, CallFault] | None = None,
    *,
    public_url: str | None = None,
) -> tuple[CrashSeam, CrashSeam]:
    """Run a scenario and its recovery with faults, recover without faults, and check."""
    world = World.copy(migrated, folder, public_url)
    first, second = CrashSeam(faults), CrashSeam(later)
    async with FalStandIn(video=VIDEO) as fal:
        accepted = await play(world, scenario, fal, first)
        if later:
            await recover(world, fal, second, rounds=FAULTY_ROUNDS)
        await recover(world, fal, CrashSeam(), rounds=ROUNDS)
        await check(world, scenario, fal, accepted)
    shutil.rmtree(folder)
    return first, second


@pytest.fixture(autouse=True)
def _without_waiting(every_poll_asks_fal: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 it sets up
    """Do not drain a dead service, and sweep only when a test asks."""
    monkeypatch.setattr(times, "DRAIN", 0.0)
    monkeypatch.setattr(times, "SWEEP_INTERVAL", 3600.0)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", CallFault, ids=lambda fault: fault.name.lower())
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_no_single_fault_breaks_an_invariant(
    migrated_folder: Path, tmp_path: Path, scenario: Scenario, fault: CallFault
) -> None:
    for number in count():
        folder = tmp_path / str(number)
        seam, _ = await survive(migrated_folder, folder, scenario, {number: fault})
        if len(seam.calls) <= number:
            break
    assert number >= (8 if scenario is is_cancelled_while_it_uploads else 9), seam.calls


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", CallFault, ids=lambda fault: fault.name.lower())
@pytest.mark.parametrize(
    "scenario",
    [completes_unwatched, is_cancelled_while_it_uploads],
    ids=lambda scenario: scenario.__name__,
)
async def test_no_single_fault_breaks_an_invariant_while_webhooks_are_expected(
    migrated_folder: Path, tmp_path: Path, scenario: Scenario, fault: CallFault
) -> None:
    for number in count():
        folder = tmp_path / str(number)
        seam, _ = await survive(
            migrated_folder, folder, scenario, {number: fault}, public_url=PUBLIC_URL
        )
        if len(seam.calls) <= number:
            break
    assert number >= 8, seam.calls


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", CallFault, ids=lambda fault: fault.name.lower())
async def test_no_single_fault_during_recovery_breaks_an_invariant(
    migrated_folder: Path, tmp_path: Path, fault: CallFault
) -> None:
    for number in count():
        folder = tmp_path / str(number)
        _, seam = await survive(migrated_folder, folder, completes_unwatched, {}, {number: fault})
        if len(seam.calls) <= number:
            break
    assert number >= 15, seam.calls


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("second", CallFault, ids=lambda fault: fault.name.lower())
@pytest.mark.parametrize("first", CallFault, ids=lambda fault: fault.name.lower())
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_no_pair_of_faults_breaks_an_invariant(
    migrated_folder: Path, tmp_path: Path, scenario: Scenario, first: CallFault, second: CallFault
) -> None:
    pairs = 0
    for one in count():
        for other in count():
            folder = tmp_path / f"{one}-{other}"
            seam, later = await survive(
                migrated_folder, folder, scenario, {one: first}, {other: second}
            )
            if len(later.calls) <= other or len(seam.calls) <= one:
                break
            pairs += 1
        if len(seam.calls) <= one:
            break
    assert pairs >= 50

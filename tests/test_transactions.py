"""A job needs six transactions, from its submit to its video in the library."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from app import watch
from app.seam import T
from app.settings import Settings
from tests.service import Running, running
from tests.stand_ins.fal import FalStandIn
from tests.stand_ins.videos import small_video

WHOLE_LIFE = ["open", "submitting", "queued", "progress", "claim", "complete"]


class Transactions:
    """A seam that keeps the names of the functions that are called on jobs."""

    def __init__(self) -> None:
        self.names: list[str] = []

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]], /) -> T:
        if name.startswith("db.video_job::") and not name.endswith("::take_due"):
            self.names.append(name.removeprefix("db.video_job::"))
        return await call()


@pytest.fixture
def transactions() -> Transactions:
    return Transactions()


@pytest.fixture
async def run(
    settings: Settings,
    fal: FalStandIn,
    transactions: Transactions,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Running]:
    """A service that fal can call back, in which every poll asks fal."""
    monkeypatch.setattr(watch, "FRESH", 0.0)
    reachable = settings.model_copy(update={"public_url": "http://service"})
    async with running(reachable, fal, seam=transactions) as service:
        yield service


async def seen_running(run: Running, fal: FalStandIn) -> str:
    job_id = await run.submitted()
    fal.advance(fal.newest, "IN_PROGRESS")
    assert (await run.status(job_id))["status"] == "processing"
    return job_id


async def test_job_whose_end_a_webhook_tells_needs_six_transactions(
    run: Running, fal: FalStandIn, transactions: Transactions
) -> None:
    job_id = await seen_running(run, fal)
    fal.complete(fal.newest, small_video())
    assert (await fal.call_back(run.client, fal.newest)).status_code == 200
    await run.settled()
    assert (await run.status(job_id))["status"] == "completed"
    assert transactions.names == WHOLE_LIFE


async def test_job_whose_end_a_poll_sees_needs_six_transactions(
    run: Running, fal: FalStandIn, transactions: Transactions
) -> None:
    job_id = await seen_running(run, fal)
    fal.complete(fal.newest, small_video())
    assert (await run.finished(job_id))["status"] == "completed"
    assert transactions.names == WHOLE_LIFE

"""Cancelling at the wrong moment: whoever wins, the ledger has one entry of one kind."""

import asyncio
from collections import Counter

import pytest

from app.jobs import snapshots
from app.settings import Settings
from tests.support.ledger import RELEASED
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Hang
from tests.support.stand_ins.videos import small_video


async def only_job(run: Running) -> str:
    """Return the only job's id while its submit has not been answered."""
    (job_id,) = await run.rows("SELECT VALUE record::id(id) FROM video_job")
    return str(job_id)


async def test_cancel_while_the_canvas_is_uploading_submits_nothing(
    run: Running, fal: FalStandIn
) -> None:
    hang = Hang()
    fal.faults.add("upload", hang)
    submit = asyncio.create_task(run.submit())
    await hang.reached.wait()
    job_id = await only_job(run)
    assert (await run.cancel(job_id)).json()["stage"] == "cancelling"
    hang.released.set()
    assert (await submit).status_code == 202
    assert (await run.status(job_id))["status"] == "cancelled"
    assert (fal.count("submit"), fal.count("cancel")) == (0, 0)
    assert await run.money() == RELEASED


async def test_cancel_while_the_submit_is_under_way_reaches_fal_after_it(
    run: Running, fal: FalStandIn
) -> None:
    hang = Hang(after_effect=True)
    fal.faults.add("submit", hang)
    submit = asyncio.create_task(run.submit())
    await hang.reached.wait()
    request_id = fal.newest
    job_id = await only_job(run)
    assert (await run.cancel(job_id)).json()["stage"] == "cancelling"
    assert fal.count("cancel") == 0
    hang.released.set()
    assert (await submit).status_code == 202
    await run.wait_for_background()
    assert fal.count("cancel", request_id) == 1
    assert (await run.status(job_id))["status"] == "cancelled"
    assert await run.money() == RELEASED


async def test_cancel_against_completion_has_one_winner(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "FRESH", 0.0)
    video = small_video(seconds=0.1)

    async def race(number: int) -> str:
        user = f"user-{number}"
        job_id = await run.submitted(user=user)
        request_id = next(
            each for each, job in fal.requests.items() if job_id in str(job.webhook_url)
        )
        wish = asyncio.create_task(run.cancel(job_id, user=user))

        async def complete() -> None:
            await asyncio.wait({wish}, timeout=number % 10 / 100 if number % 10 < 9 else None)
            if request_id in fal.requests:  # else fal has dropped it
                fal.complete(request_id, video)
                await fal.call_back(run.client, request_id)

        await asyncio.gather(complete(), wish, run.status(job_id, user=user))
        return str((await run.finished(job_id, user=user))["status"])

    reachable = settings.model_copy(update={"public_url": "https://videos.example.com"})
    async with running(reachable, fal) as run:
        won: Counter[str] = Counter()
        for start in range(0, 50, 10):
            won.update(await asyncio.gather(*map(race, range(start, start + 10))))
        assert won.keys() == {"completed", "cancelled"}
        ends = "SELECT job, array::group(kind) AS kinds FROM credit_entry WHERE job GROUP BY job"
        ledger = Counter(tuple(sorted(each["kinds"])) for each in await run.rows(ends))
        kinds = {("charge", "hold"): "completed", ("hold", "release"): "cancelled"}
        assert {kinds[each]: number for each, number in ledger.items()} == won
        assert await run.audit() == []

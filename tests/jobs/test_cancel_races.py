"""Cancelling during the submit or at the completion: the job ends once, and the ledger agrees."""

import asyncio
from collections import Counter

import pytest

from app.settings import Settings
from tests.support.ledger import RELEASED
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.submits import held_submit


async def test_cancel_during_the_upload_prevents_the_submit(run: Running, fal: FalStandIn) -> None:
    held = await held_submit(run, fal, "upload")
    assert (await run.cancel(held.job_id)).json()["stage"] == "cancelling"
    assert (await held.released()).status_code == 202
    assert (await run.status(held.job_id))["status"] == "cancelled"
    assert (fal.count("submit"), fal.count("cancel")) == (0, 0)
    assert await run.money() == RELEASED


async def test_cancel_during_the_submit_is_sent_to_fal_after_it(
    run: Running, fal: FalStandIn
) -> None:
    held = await held_submit(run, fal, "submit", after_effect=True)
    request_id = fal.newest
    assert (await run.cancel(held.job_id)).json()["stage"] == "cancelling"
    assert fal.count("cancel") == 0
    assert (await held.released()).status_code == 202
    await run.wait_for_background()
    assert fal.count("cancel", request_id) == 1
    assert (await run.status(held.job_id))["status"] == "cancelled"
    assert await run.money() == RELEASED


@pytest.mark.usefixtures("every_poll_asks_fal")
async def test_cancel_and_completion_at_once_end_the_job_once(
    public_settings: Settings, fal: FalStandIn
) -> None:
    video = small_video(seconds=0.1)

    async def race(number: int) -> str:
        user = f"user-{number}"
        job_id = await run.submitted(user=user)
        request_id = next(
            each for each, job in fal.requests.items() if job_id in str(job.webhook_url)
        )
        cancel = asyncio.create_task(run.cancel(job_id, user=user))

        async def complete() -> None:
            await asyncio.wait({cancel}, timeout=number % 10 / 100 if number % 10 < 9 else None)
            if request_id in fal.requests:  # otherwise fal has cancelled it
                fal.complete(request_id, video)
                await fal.call_back(run.client, request_id)

        await asyncio.gather(complete(), cancel, run.status(job_id, user=user))
        return str((await run.finished(job_id, user=user))["status"])

    async with running(public_settings, fal) as run:
        ended: Counter[str] = Counter()
        for start in range(0, 50, 10):
            ended.update(await asyncio.gather(*map(race, range(start, start + 10))))
        assert ended.keys() == {"completed", "cancelled"}
        ends = "SELECT job, array::group(kind) AS kinds FROM credit_entry WHERE job GROUP BY job"
        ledger = Counter(tuple(sorted(each["kinds"])) for each in await run.rows(ends))
        kinds = {("charge", "hold"): "completed", ("hold", "release"): "cancelled"}
        assert {kinds[each]: number for each, number in ledger.items()} == ended
        assert await run.audit() == []

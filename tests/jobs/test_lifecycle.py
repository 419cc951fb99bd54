"""The lifecycle publishes each change: the snapshot is right without another query."""

import pytest

from app.domain.job import Stage
from app.settings import Settings
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer, Drop, Fault
from tests.support.submits import held_submit


@pytest.mark.parametrize(
    ("fault", "cancels", "expected"),
    [
        (Drop(), False, "failed"),
        (Answer(422, {"detail": "no"}), False, "failed"),
        (None, True, "cancelled"),
        (None, False, "pending"),
    ],
    ids=["answer lost", "refused", "cancelled", "queued"],
)
async def test_snapshot_has_the_outcome_of_a_submit_or_cancel_at_once(
    settings: Settings,
    fal: FalStandIn,
    fault: Fault | None,
    expected: str,
    *,
    cancels: bool,
) -> None:
    if fault is not None:
        fal.faults.add("submit", fault)
    async with running(settings, fal) as run:
        job_id = (await run.submit()).json()["jobId"]
        if cancels:
            assert (await run.cancel(job_id)).status_code == 202
        known = run.service.lifecycle._snapshots.known(job_id)
        assert known is not None
        assert known.status == expected
        assert known.stage is not Stage.SUBMITTING


async def test_snapshot_exists_while_the_submit_hangs_at_fal(run: Running, fal: FalStandIn) -> None:
    held = await held_submit(run, fal, "upload")
    known = run.service.lifecycle._snapshots.known(held.job_id)
    assert known is not None
    assert known.stage is Stage.SUBMITTING
    assert (await held.released()).json()["jobId"] == held.job_id

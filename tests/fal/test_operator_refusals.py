"""fal refuses this service's key or account: the reason is for the log and the metrics only."""

import logging

import pytest

from app.errors import FalOperatorRefused, FalRefused
from app.fal.operator_refusals import OperatorRefusals
from app.fal.queue import Fal
from app.telemetry.metrics import OPERATOR_REFUSALS
from tests.fal.test_lanes import CALLS
from tests.support.clock import Clock
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer

LOCKED = {"detail": "User is locked. Reason: Exhausted balance"}


@pytest.mark.parametrize("status", [401, 402, 403])
@pytest.mark.parametrize("name", CALLS)
async def test_the_reason_is_logged_and_counted_and_the_error_is_neutral(
    fal: FalStandIn, client: Fal, name: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    for call in (name, *(["initiate"] if name == "upload" else [])):
        fal.faults.add(call, Answer(status, LOCKED))
    count = OPERATOR_REFUSALS.labels(f"fal.{name}", status)._value
    before = count.get()
    with pytest.raises(FalOperatorRefused) as refused:
        await CALLS[name](client, "request-1")
    assert str(refused.value).startswith("The video service is not available at the moment.")
    assert not {"lock", "balance"} & set(str(refused.value).lower().split())
    assert count.get() == before + 1
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert record.getMessage() == (
        f"fal refuses this service at fal.{name}: {status}, {LOCKED['detail']} "
        "(check FAL_KEY, and whether its account is locked or out of money)"
    )


async def test_an_upload_that_the_bucket_takes_is_no_refusal(
    fal: FalStandIn, client: Fal, caplog: pytest.LogCaptureFixture
) -> None:
    fal.faults.add("token", Answer(403, LOCKED))
    assert await CALLS["upload"](client, "") in fal.uploads
    assert "fal refuses this service" not in caplog.text


def test_each_call_and_status_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    refusals = OperatorRefusals(clock=clock)
    for seconds, call, status, lines in [
        (0, "fal.status", 403, 1),
        (59, "fal.status", 403, 1),
        (59, "fal.status", 401, 2),
        (59, "fal.result", 403, 3),
        (60, "fal.status", 403, 4),
    ]:
        clock.now = 100.0 + seconds
        with pytest.raises(FalOperatorRefused):
            refusals.check(call, FalRefused("locked", status=status))
        assert len(caplog.records) == lines
    refusals.check("fal.result", FalRefused("the model's own", status=422))
    assert len(caplog.records) == 4

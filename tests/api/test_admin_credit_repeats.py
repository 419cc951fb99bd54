"""Each change of credits by the back office is booked once, however often it is asked for."""

import asyncio
from typing import Any

import pytest

from tests.support.adjustments import account, adjust, book, charged
from tests.support.database_failures import raising_sdk
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn


async def test_a_repeat_answers_as_the_first_time_whatever_has_happened_since(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await charged(run, fal)
    granted, withdrawn = await adjust(run, 50), await adjust(run, -20, "dispute-1")
    refunded = await run.administer("POST", f"jobs/{job_id}/refund")
    assert [each.json() for each in (granted, withdrawn, refunded)] == [
        account(140),
        account(120),
        account(130),
    ]
    await adjust(run, -130, "dispute-2")
    assert (await adjust(run, 50)).json() == granted.json()
    assert (await adjust(run, -20, "dispute-1")).json() == withdrawn.json()
    again = await run.administer("POST", f"jobs/{job_id}/refund")
    assert again.json() == refunded.json()
    assert (await run.credits())["balance"] == 0


@pytest.mark.parametrize("other", [{"user": "grace"}, {"credits": 49}, {"credits": -50}], ids=str)
async def test_a_reference_belongs_to_one_change_over_all_users(
    run: Running, other: dict[str, Any]
) -> None:
    await adjust(run, 50)
    body = {"user": "ada", "credits": 50, "reference": "payment-1"} | other
    answer = await run.administer("POST", "credits", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "reference_mismatch")
    assert len(await book(run)) == 1
    users = await run.rows("SELECT VALUE record::id(id) FROM credit_account")
    assert users == ["ada"]


async def test_a_reference_may_equal_the_id_of_a_job_or_a_user(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await charged(run, fal)
    for reference in (job_id, "ada", "signup", "1", "credit_entry:1", "[1]", "a:b", "⟩`'"[1:]):
        answer = await adjust(run, 1, reference)
        assert answer.status_code == 200, answer.text
    assert (await run.administer("POST", f"jobs/{job_id}/refund")).json() == account(108)
    kinds = await run.rows(
        "SELECT VALUE kind FROM type::record('credit_entry', [$job, '']..[$job, 'z'])", job=job_id
    )
    assert sorted(kinds) == ["charge", "hold", "refund"]


async def test_a_change_whose_answer_was_lost_is_carried_out_once(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await charged(run, fal)
    sdk = raising_sdk(monkeypatch)
    for path, body, expected in (
        ("credits", {"user": "ada", "credits": 50, "reference": "payment-1"}, account(140)),
        ("credits", {"user": "ada", "credits": -20, "reference": "dispute-1"}, account(120)),
        (f"jobs/{job_id}/refund", {"reason": "It flickers"}, account(130)),
    ):
        for after in (False, True, True):
            with sdk.raising(RuntimeError("the engine panicked"), after=after):
                lost = await run.administer("POST", path, body)
            assert (lost.status_code, lost.json()["code"]) == (503, "database_unavailable")
        for _ in range(2):
            assert (await run.administer("POST", path, body)).json() == expected
    kinds = ["grant", "hold", "charge", "grant", "withdrawal", "refund"]
    assert await run.money() == (130, 0, kinds)
    assert [each["action"] for each in await book(run)] == ["grant", "withdraw", "refund"]


async def test_concurrent_repeats_and_rivals_of_one_reference_are_booked_once(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await charged(run, fal)
    answers = await asyncio.gather(
        *(adjust(run, 50, user=user) for user in ("ada", "grace") * 10),
        *(run.administer("POST", f"jobs/{job_id}/refund") for _ in range(10)),
    )
    granted, refunded = answers[:20], answers[20:]
    assert sorted(each.status_code for each in granted) == [200] * 10 + [409] * 10
    assert {each.status_code for each in refunded} == {200}
    assert len({each.text for each in granted}) == 2
    assert len({each.text for each in refunded}) == 1
    assert len(await book(run)) == 2


async def test_each_change_is_counted_once(run: Running, fal: FalStandIn) -> None:
    async def counted() -> dict[str, float]:
        text = (await run.client.get("/metrics")).text
        prefix = 'video_credits_total{kind="'
        lines = [line.removeprefix(prefix) for line in text.splitlines() if line.startswith(prefix)]
        return {kind: float(n) for kind, n in (line.split('"} ') for line in lines)}

    job_id = await charged(run, fal)
    before = await counted()
    for _ in range(2):
        await adjust(run, 50)
        await adjust(run, -20, "dispute-1")
        await run.administer("POST", f"jobs/{job_id}/refund")
    after = await counted()
    added = {kind: after[kind] - before.get(kind, 0) for kind in ("grant", "withdrawal", "refund")}
    assert added == {"grant": 50, "withdrawal": 20, "refund": 10}

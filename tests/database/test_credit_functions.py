"""The database's functions for credits, limits and idempotency keys."""

import pytest

from app.database.errors import StatementRejected, Thrown
from tests.support.clock import set_clock_ahead
from tests.support.job_functions import LIMITS, NO_WEBHOOK, Jobs


async def test_a_repeated_grant_is_booked_once(jobs: Jobs) -> None:
    for _ in range(3):
        account = await jobs.database.call("credit::grant", "grant-1", "ada", 25, 100)
        assert account["balance"] == 125
    assert await jobs.entries() == [("grant", 100), ("grant", 25)]


async def test_an_account_without_a_signup_grant_has_no_entry(jobs: Jobs) -> None:
    account = await jobs.database.call("credit::account", "ada", 0)
    assert (account["balance"], await jobs.entries()) == (0, [])


async def test_a_submit_without_enough_credits_writes_nothing(jobs: Jobs) -> None:
    await jobs.open("first", credits=95)
    left = await jobs.traces()
    with pytest.raises(Thrown, match="insufficient_credits"):
        await jobs.open("second", once=("key", "content"), credits=6)
    assert [row["id"].id for row in await jobs.all("video_job")] == ["first"]
    assert await jobs.traces() == left
    assert await jobs.all("idempotency") == []
    assert (await jobs.open("third", credits=5))["job"]["credits"] == 5


async def test_a_refused_first_submit_does_not_open_the_account(jobs: Jobs) -> None:
    with pytest.raises(Thrown, match="insufficient_credits"):
        await jobs.open("j", credits=101)
    assert await jobs.all("credit_account") == []


async def test_a_user_has_a_limited_number_of_unfinished_jobs(jobs: Jobs) -> None:
    for number in range(LIMITS["in_flight"]):
        await jobs.queued(f"j{number}")
    with pytest.raises(Thrown, match="too_many_jobs"):
        await jobs.open("one-more")
    await jobs("fail", "j0", None, "fal_rejected", "No.")
    await jobs.open("one-more")
    await jobs.open("somebody-else-s", user="grace")


async def test_the_rate_limit_is_a_token_bucket_that_refills(jobs: Jobs) -> None:
    limits = LIMITS | {"per_minute": 2}
    for job in "ab":
        await jobs.open(job, limits=limits)
    with pytest.raises(Thrown, match=r"^rate_limited 30$"):
        await jobs.open("c", limits=limits)
    await set_clock_ahead(jobs.database, 30)
    await jobs.open("c", limits=limits)
    with pytest.raises(Thrown, match="rate_limited"):
        await jobs.open("d", limits=limits)


async def test_a_repeated_key_with_the_same_content_returns_the_first_job(jobs: Jobs) -> None:
    first = await jobs.open("a", once=("key", "content"))
    again = await jobs.open("b", once=("key", "content"))
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["job"] == first["job"]
    assert await jobs.account() == (100, 10, 1)
    assert not (await jobs.open("c", once=("key", "content"), user="grace"))["replayed"]


async def test_a_repeated_key_with_other_content_is_refused(jobs: Jobs) -> None:
    await jobs.open("a", once=("key", "content"))
    with pytest.raises(Thrown, match="idempotency_mismatch"):
        await jobs.open("b", once=("key", "other"))
    await jobs.ended("c", "completed")
    await set_clock_ahead(jobs.database, 24 * 3600)
    assert not (await jobs.open("b", once=("key", "other")))["replayed"]


@pytest.mark.parametrize("content", ["content", "other"])
async def test_a_key_whose_job_fal_never_accepted_can_be_used_again(
    jobs: Jobs, content: str
) -> None:
    await jobs.open("a", once=("key", "content"))
    await jobs("unconfirmed", "a", NO_WEBHOOK)
    assert not (await jobs.open("b", once=("key", content)))["replayed"]
    await jobs("ask_to_cancel", "b")
    await jobs("cancelled", "b", None)
    assert not (await jobs.open("c", once=("key", content)))["replayed"]
    assert (await jobs.open("d", once=("key", content)))["job"]["id"].id == "c"


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_a_key_whose_job_fal_accepted_keeps_its_job(jobs: Jobs, status: str) -> None:
    await jobs.open("j", once=("key", "content"))
    await jobs.ended("j", status)
    again = await jobs.open("k", once=("key", "content"))
    assert (again["replayed"], again["job"]["status"]) == (True, status)


async def test_no_amount_of_an_account_can_be_set_below_zero(jobs: Jobs) -> None:
    await jobs.open("j")
    for field in ("balance", "held", "in_flight"):
        with pytest.raises(StatementRejected, match=field):
            await jobs.database.query("UPDATE credit_account MERGE $change", change={field: -1})


async def test_the_ledger_adds_up_to_the_account(jobs: Jobs) -> None:
    for number, end in enumerate(["completed", "failed", "cancelled", "completed"]):
        await jobs.ended(f"j{number}", end)
    await jobs.open("still-running", credits=7)
    await jobs.database.call("credit::grant", "grant-1", "ada", 25, 100)
    entries = await jobs.entries()
    sums = {
        kind: sum(amount for each, amount in entries if each == kind)
        for kind in ("grant", "hold", "release", "charge")
    }
    assert sums == {"grant": 125, "hold": 47, "release": 20, "charge": 20}
    assert await jobs.account() == (sums["grant"] - sums["charge"], 7, 1)

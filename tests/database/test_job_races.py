"""Fifty concurrent calls for the same thing: one succeeds, the others are refused."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.database.address import Address
from app.database.errors import Thrown
from tests.support.clock import set_clock_ahead
from tests.support.database import SurrealServer, embedded, migrated
from tests.support.job_functions import BASE, LIMITS, UNLIMITED, VIDEO, Jobs
from tests.support.legacy import LEGACY_MODEL, legacy_row

RACERS = 50


@pytest.fixture(params=["embedded", "server"])
def address(request: pytest.FixtureRequest) -> Address:
    if request.param == "embedded":
        return embedded(request.getfixturevalue("store_url"))
    server: SurrealServer = request.getfixturevalue("server")
    return server.address()


@pytest.fixture
async def jobs(address: Address) -> AsyncIterator[Jobs]:
    async with migrated(address) as database:
        yield Jobs(database)


async def race(*calls: Any) -> list[Any]:
    """Make the calls concurrently, and return each result or the code of its refusal."""

    async def answered(call: Any) -> Any:
        try:
            return await call
        except Thrown as thrown:
            return thrown.code

    return await asyncio.gather(*map(answered, calls))


async def test_concurrent_opens_with_one_key_create_one_job(jobs: Jobs) -> None:
    opened = await race(
        *(jobs.open(f"j{number}", once=("key", "content")) for number in range(RACERS))
    )
    assert len({answer["job"]["id"].id for answer in opened}) == 1
    assert [answer["replayed"] for answer in opened].count(False) == 1
    assert await jobs.account() == (100, 10, 1)
    assert len(await jobs.all("video_job")) == 1


async def test_request_of_fal_belongs_to_one_job(jobs: Jobs) -> None:
    for number in range(RACERS):
        await jobs.open(f"j{number}", limits=UNLIMITED)
        await jobs("submitting", f"j{number}", 120)
    queued = await race(*(jobs("queued", f"j{n}", "fal-1", 0, 15) for n in range(RACERS)))
    assert queued.count("request_taken") == RACERS - 1


async def test_last_credits_are_held_once(jobs: Jobs) -> None:
    limits = UNLIMITED | {"signup_grant": 10}
    opened = await race(*(jobs.open(f"j{number}", limits=limits) for number in range(RACERS)))
    assert opened.count("insufficient_credits") == RACERS - 1
    assert await jobs.account() == (10, 10, 1)
    assert len(await jobs.all("video_job")) == 1


async def test_concurrent_opens_create_no_more_jobs_than_the_limit(jobs: Jobs) -> None:
    limits = UNLIMITED | {"in_flight": LIMITS["in_flight"]}
    opened = await race(*(jobs.open(f"j{number}", limits=limits) for number in range(RACERS)))
    assert opened.count("too_many_jobs") == RACERS - LIMITS["in_flight"]
    assert len(await jobs.all("video_job")) == LIMITS["in_flight"]


async def test_job_is_claimed_by_one_holder_until_its_lease_expires(jobs: Jobs) -> None:
    await jobs.queued("j")

    async def claimants(generation: str) -> list[str]:
        holders = [f"{generation}-{number}" for number in range(RACERS)]
        claims = await race(*(jobs("claim", "j", holder, 25, BASE) for holder in holders))
        return [row["lease"]["holder"] for row in claims if row]

    [first] = await claimants("early")
    assert await claimants("early") == [first]  # a holder may claim again
    assert await claimants("late") == []
    await set_clock_ahead(jobs.database, 26)
    [second] = await claimants("late")
    for function, arguments in [("extend", (25,)), ("complete", (VIDEO,))]:
        with pytest.raises(Thrown, match="lease_lost"):
            await jobs(function, "j", first, *arguments)
    await jobs("fail", "j", first, "video_unavailable", "The lease has expired.")
    assert (await jobs("complete", "j", second, VIDEO))["status"] == "completed"


async def test_job_is_completed_and_charged_once(jobs: Jobs) -> None:
    await jobs.claimed("j")
    ends = [jobs("complete", "j", "worker", VIDEO) for _ in range(RACERS // 2)]
    ends += [jobs("fail", "j", None, "interrupted", "No holder.") for _ in range(RACERS // 2)]
    await race(*ends)
    assert await jobs.entries() == [("grant", 100), ("hold", 10), ("charge", 10)]
    assert await jobs.account() == (90, 0, 0)
    assert len(await jobs.all("library_video")) == 1


async def test_concurrent_completion_and_failure_end_the_job_once(jobs: Jobs) -> None:
    await jobs.claimed("j")
    ends = [jobs("complete", "j", "worker", VIDEO) for _ in range(RACERS // 2)]
    ends += [jobs("fail", "j", "worker", "video_rejected", "No.") for _ in range(RACERS // 2)]
    await race(*ends)
    [row] = await jobs.all("video_job")
    won = {"completed": ("charge", (90, 0, 0), 1), "failed": ("release", (100, 0, 0), 0)}
    entry, account, videos = won[row["status"]]
    assert await jobs.entries() == [("grant", 100), ("hold", 10), (entry, 10)]
    assert (await jobs.account(), len(await jobs.all("library_video"))) == (account, videos)


async def test_storage_key_is_reserved_once_and_never_a_legacy_jobs_key(
    jobs: Jobs,
) -> None:
    for number in (1, 3):
        key = f"{BASE}.mp4" if number == 1 else f"{BASE}-{number}.mp4"
        old = legacy_row(f"old-{number}", video_key=key, fal_model=LEGACY_MODEL)
        await jobs.database.query("INSERT INTO video_job $old", old=old)
    names = [f"j{number}" for number in range(RACERS)]
    await asyncio.gather(*(jobs.queued(name, limits=UNLIMITED) for name in names))
    claims = await race(*(jobs("claim", name, "worker", 25, BASE) for name in names))
    given = {row["video_key"] for row in claims}
    assert given == {f"{BASE}-{number}.mp4" for number in (2, *range(4, RACERS + 3))}
    await jobs("fail", "j0", "worker", "video_rejected", "No.")
    await jobs.queued("late", limits=UNLIMITED)
    late = await jobs("claim", "late", "worker", 25, BASE)
    assert late["video_key"] == f"{BASE}-{RACERS + 3}.mp4"


async def test_due_job_is_taken_once(jobs: Jobs) -> None:
    names = [f"j{number}" for number in range(10)]
    await asyncio.gather(*(jobs.queued(name, limits=UNLIMITED) for name in names))
    await set_clock_ahead(jobs.database, 16)
    taken = await race(*(jobs.database.call("video_job::take_due", 4, 15) for _ in range(10)))
    assert sorted(row["id"].id for rows in taken for row in rows) == sorted(names)


async def test_concurrent_grants_and_holds_are_all_counted(jobs: Jobs) -> None:
    await jobs.database.call("credit::account", "ada", 0)
    grants = [
        jobs.database.call("credit::grant", f"grant-{number % 25}", "ada", 10, 0)
        for number in range(RACERS)
    ]
    opens = [jobs.open(f"j{number}", limits=UNLIMITED) for number in range(RACERS)]
    opened = await race(*grants, *opens)
    held = len(await jobs.all("video_job"))
    assert opened.count("insufficient_credits") == RACERS - held
    assert await jobs.account() == (250, held * 10, held)


async def test_slug_that_ends_like_a_key_number_gets_unique_keys(jobs: Jobs) -> None:
    rounds = 20
    for number in range(rounds):
        for job in "abc":
            await jobs.queued(f"{job}{number}", limits=UNLIMITED)
        base = f"{BASE}-{number}/zoom"
        first = await jobs("claim", f"a{number}", "worker", 25, base)
        second, other = await race(
            jobs("claim", f"b{number}", "worker", 25, base),
            jobs("claim", f"c{number}", "worker", 25, f"{base}-2"),
        )
        keys = {row["video_key"] for row in (first, second, other)}
        assert len(keys) == 3, keys

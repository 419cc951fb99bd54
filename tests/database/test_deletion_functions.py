"""The functions of deletions and erasures: repeats, races, rows of the replaced stack."""

import asyncio
from pathlib import Path

import pytest

from app.database.audit import audit
from app.database.client import Database
from app.database.errors import StatementRejected, Thrown
from app.storage.local_files import LocalFiles
from scripts.migrate import migrate
from tests.support.job_functions import Jobs
from tests.support.legacy import legacy_row, make_legacy, run_backfill

BY = {"id": "0199c5d0", "key": "12345678", "reason": None}


async def erased(database: Database, *job_ids: str, user: str = "ada") -> int:
    return len(await database.call("erasure::erase", user, list(job_ids)))


async def test_concurrent_deletions_and_erasure_bump_the_revision_once_each(jobs: Jobs) -> None:
    await jobs.ended("j", "completed")
    database = jobs.database
    before = len(await jobs.events("j"))
    await asyncio.gather(
        *(database.call("library::delete", "j", "ada") for _ in range(10)),
        *(erased(database, "j") for _ in range(10)),
    )
    events = await jobs.events("j")
    assert events[before:] == [("completed", "done")] * 2
    assert len(await jobs.all("deletion")) == 1


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_erasure_changes_no_money_and_no_status(jobs: Jobs, status: str) -> None:
    await jobs.ended("j", status)
    account, entries = await jobs.account(), await jobs.entries()
    assert await erased(jobs.database, "j") == 1
    assert await erased(jobs.database, "j") == 0
    assert (await jobs.account(), await jobs.entries()) == (account, entries)
    (row,) = await jobs.all("video_job")
    assert row["status"] == status
    assert (row["user_email"], row["variables"]) == ("", {})


async def test_unfinished_and_foreign_jobs_are_not_erased(jobs: Jobs) -> None:
    await jobs.open("j")
    await jobs.ended("done", "completed")
    assert await erased(jobs.database, "j", "no-such") == 0
    assert await erased(jobs.database, "done", user="eve") == 0
    with pytest.raises(Thrown, match="video_not_found"):
        await jobs.database.call("library::delete", "j", "ada")


async def test_history_is_append_only_except_for_the_erased_text(jobs: Jobs) -> None:
    await jobs.ended("j", "failed")
    for change in ("error = 'other'", "status = 'failed'", "error = NONE, stage = 'queued'"):
        with pytest.raises(StatementRejected):
            await jobs.database.query(f"UPDATE video_job_event SET {change}")  # noqa: S608 constants
    with pytest.raises(StatementRejected, match="append_only"):
        await jobs.database.query("DELETE video_job_event")
    await erased(jobs.database, "j")
    texts = {row["error"] for row in await jobs.all("video_job_event") if row.get("error")}
    assert texts == {"This text was erased."}


async def test_a_repeated_request_covers_what_has_come_since(jobs: Jobs) -> None:
    database = jobs.database
    first = await database.call("erasure::request", "ada", BY)
    assert "finished_at" in first
    await jobs.ended("j", "completed")
    assert await database.call("erasure::request", "ada", BY) == first
    again = await database.call("erasure::request", "ada", BY | {"id": "0199c5d1"})
    assert "finished_at" not in again
    assert again["requested_at"] > first["requested_at"]
    assert not await database.call("erasure::finish", "ada", 5)
    await erased(database, "j")
    assert not await database.call("erasure::finish", "ada", 5), "its objects are there"
    (due,) = await database.call("deletion::take_due", ["j"], 60)
    await database.call("deletion::done", "j", due["rounds"], [], 5)
    assert await database.call("erasure::finish", "ada", 5)
    assert await database.call("erasure::finish", "ada", 5)


@pytest.mark.parametrize("has_account", [True, False])
async def test_submit_that_overlaps_a_request_is_covered_or_comes_after_it(
    jobs: Jobs, *, has_account: bool
) -> None:
    database = jobs.database
    if has_account:
        await database.call("credit::account", "ada", 100)
    slow = "DEFINE EVENT slow ON video_job WHEN $event = 'CREATE' THEN { sleep(300ms) }"
    await database.query(slow)  # between the row and the commit
    opening = asyncio.create_task(jobs.open("j"))
    for number in range(20):
        erasure = await database.call("erasure::request", "ada", BY | {"id": f"request-{number}"})
    job = (await opening)["job"]
    assert job["created_at"] > erasure["requested_at"] or "finished_at" not in erasure
    accounts = await jobs.all("credit_account")
    assert [(each["balance"], each["held"], each["in_flight"]) for each in accounts] == [
        (100, 10, 1)
    ]


async def test_rows_of_the_replaced_stack_are_erased(empty: Database, tmp_path: Path) -> None:
    shared = "users/ada/library/shared.mp4"
    await make_legacy(
        empty,
        legacy_row("one", video_key=shared),
        legacy_row("two", user="eve", video_key=shared),
        legacy_row("three", "failed", error="Blocked: my secret party"),
    )
    await migrate(empty)
    await run_backfill(empty)
    await migrate(empty)
    assert await erased(empty, "one", "three") == 2
    files = LocalFiles(tmp_path / "storage")
    assert await audit(empty, files, read=True) == []
    rows = await empty.call("deletion::take_due", ["one", "three"], 60)
    assert {row["job"]: row["keys"] for row in rows} == {
        "one": ["users/ada/start/one.png"],
        "three": ["users/ada/start/three.png"],
    }, "the video is kept for eve"
    assert "my secret party" not in str(await empty.query("SELECT * FROM video_job"))
    assert await erased(empty, "two", user="eve") == 1
    (row,) = await empty.call("deletion::take_due", ["two"], 60)
    assert shared in row["keys"]

"""A whole job through the database's functions, in new and adopted databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scripts.migrate import migrate
from tests.support.clock import set_clock_ahead
from tests.support.database import (
    connected,
    embedded,
)
from tests.support.job_functions import (
    BASE,
    ONCE_IN_A_WHILE,
    RUNNING,
    TROUBLE,
    VIDEO,
    WAITING,
    Jobs,
    values_of,
)
from tests.support.legacy import LEGACY_MODEL, legacy_row, make_legacy, run_backfill


@pytest.fixture(params=["from nothing", "adopted, waiting", "adopted, finished"])
async def jobs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Jobs]:
    """A new database, and an adopted one before and after its backfill."""
    async with connected(embedded(f"surrealkv://{tmp_path}/store")) as database:
        if request.param != "from nothing":
            await make_legacy(database, legacy_row("old-1"), legacy_row("old-2", "running"))
        await migrate(database)
        if request.param == "adopted, finished":
            await run_backfill(database)
            await migrate(database)
        yield Jobs(database)


async def test_job_is_opened_processed_and_completed(jobs: Jobs) -> None:
    opened = (await jobs.open("j"))["job"]
    assert values_of(opened, "status", "stage", "revision", "credits") == [
        "pending",
        "submitting",
        1,
        10,
    ]
    assert await jobs.account() == (100, 10, 1)
    assert "submitted_at" in await jobs("submitting", "j", 120)
    queued = await jobs("queued", "j", "fal-1", 7, 15)
    assert values_of(queued, "stage", "fal_request_id", "queue_position") == ["queued", "fal-1", 7]
    assert (await jobs("progress", "j", WAITING, 2))["queue_position"] == 2
    running = await jobs("progress", "j", RUNNING, None)
    assert values_of(running, "status", "stage", "queue_position") == [
        "processing",
        "generating",
        None,
    ]
    waiting = await jobs("postpone", "j", None, TROUBLE, ONCE_IN_A_WHILE)
    assert values_of(waiting["trouble"], "kind", "count") == ["result", 1]
    await set_clock_ahead(jobs.database, 5)
    claimed = await jobs("claim", "j", "w", 25, BASE)
    assert values_of(claimed, "stage", "video_key", "attempts") == ["storing", f"{BASE}.mp4", 1]
    extended = await jobs("extend", "j", "w", 60)
    assert extended["lease"]["until"] > claimed["lease"]["until"]
    assert (await jobs("rekey", "j", "w", f"{BASE}.mp4", BASE))["video_key"] == f"{BASE}-2.mp4"
    done = await jobs("complete", "j", "w", VIDEO)
    assert values_of(done, "status", "stage", "width", "lease") == ["completed", "done", 1280, None]
    assert not {"due_at", "trouble", "queue_position"} & done.keys()
    assert await jobs.account() == (90, 0, 0)
    assert await jobs.entries() == [("grant", 100), ("hold", 10), ("charge", 10)]
    [filed] = await jobs.all("library_video")
    assert values_of(filed, "user", "key", "bytes", "created_at") == [
        *("ada", f"{BASE}-2.mp4", VIDEO["bytes"], done["completed_at"])
    ]
    assert await jobs.events("j") == [
        ("pending", "submitting"),
        ("pending", "queued"),
        ("pending", "queued"),
        ("processing", "generating"),
        ("processing", "storing"),
        ("completed", "done"),
    ]


async def test_job_that_fails_releases_its_hold(jobs: Jobs) -> None:
    await jobs.claimed("j")
    failed = await jobs("fail", "j", "worker", "fal_rejected", "No faces, please.")
    assert values_of(failed, "status", "error_code", "error") == [
        *("failed", "fal_rejected", "No faces, please.")
    ]
    assert await jobs.account() == (100, 0, 0)
    assert await jobs.entries() == [("grant", 100), ("hold", 10), ("release", 10)]


async def test_job_that_is_cancelled_releases_its_hold(jobs: Jobs) -> None:
    await jobs.queued("j")
    assert (await jobs("ask_to_cancel", "j"))["stage"] == "cancelling"
    assert (await jobs("progress", "j", RUNNING, None))["stage"] == "cancelling"
    assert (await jobs("cancelled", "j", None))["status"] == "cancelled"
    assert await jobs.account() == (100, 0, 0)


@pytest.mark.parametrize("finished", [False, True])
async def test_legacy_job_is_delivered_for_no_credits(tmp_path: Path, *, finished: bool) -> None:
    async with connected(embedded(f"surrealkv://{tmp_path}/store")) as database:
        await make_legacy(database, legacy_row("old", "running"))
        await migrate(database)
        await run_backfill(database)
        if finished:
            await migrate(database)
        jobs = Jobs(database)
        [due] = await database.call("video_job::take_due", 10, 15)
        assert values_of(due, "fal_model", "fal_request_id") == [LEGACY_MODEL, "old"]
        assert (await jobs("progress", "old", RUNNING, None))["stage"] == "generating"
        await jobs("claim", "old", "w", 25, BASE)
        assert (await jobs("complete", "old", "w", VIDEO))["status"] == "completed"
        assert await jobs.entries() == [("charge", 0)]
        assert len(await jobs.all("library_video")) == 1

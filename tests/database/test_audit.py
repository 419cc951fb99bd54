"""The audit finds each broken invariant, and nothing if none is broken."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.database.audit import audit
from app.database.audit_objects import STORAGE_CALLS, at_once, orphans
from app.storage.protocol import Storage
from scripts.audit import repair, report
from tests.support.s3 import write_file
from tests.support.service import Running

pytestmark = pytest.mark.unaudited

RELEASE_OF_A_PAID_JOB = """
CREATE credit_entry SET
  id = [(SELECT VALUE record::id(id) FROM ONLY video_job WHERE status = 'completed' LIMIT 1),
        'release'],
  user = 'ada', kind = 'release', credits = 10
"""

ONE_REQUEST_FOR_ALL = """
UPDATE video_job SET fal_request_id =
  (SELECT VALUE fal_request_id FROM ONLY video_job WHERE status = 'completed' LIMIT 1)
"""

EVENT_AFTER_THE_END = """
CREATE video_job_event SET
  id = [(SELECT VALUE record::id(id) FROM ONLY video_job WHERE status = 'completed' LIMIT 1), 99],
  status = 'completed'
"""


async def findings(run: Running) -> list[str]:
    return [str(each) for each in await audit(run.service.database, run.service.storage, read=True)]


@pytest.mark.usefixtures("delivered")
async def test_a_sound_database_has_no_findings(
    run: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await findings(run) == []
    assert await report(run.service.database, run.service.storage, read=False) == 0
    assert capsys.readouterr().out == "Every invariant holds.\n"


@pytest.mark.usefixtures("delivered")
async def test_since_leaves_out_older_objects_and_no_row(run: Running) -> None:
    await run.wait_for_background()  # start images are stored after the answer
    for kind in ("*.mp4", "*.png"):
        for path in run.service.settings.storage_dir.rglob(kind):
            path.unlink()
    database, storage = run.service.database, run.service.storage
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    unfinished = await run.rows("SELECT VALUE record::id(id) FROM video_job WHERE due_at != NONE")
    recent = await audit(database, storage, read=False, since=now - hour)
    assert len({each.subject for each in recent}) == 3
    later = await audit(database, storage, read=False, since=now + hour)
    assert [each.subject for each in later] == unfinished
    for job_id in unfinished:
        await run.rows("UPDATE type::record('video_job', $id) SET start_stored = NONE", id=job_id)
    await run.rows("UPDATE credit_account SET balance += 1")
    assert "balance is 91" in str(await audit(database, storage, read=False, since=now + hour))


async def test_many_questions_are_asked_at_the_same_time() -> None:
    asked, all_asked = 0, asyncio.Event()

    async def question() -> None:
        nonlocal asked
        asked += 1
        if asked == STORAGE_CALLS:
            all_asked.set()
        await asyncio.wait_for(all_asked.wait(), 10)

    await at_once(question() for _ in range(STORAGE_CALLS))
    assert asked == STORAGE_CALLS >= 50


@pytest.mark.usefixtures("delivered")
@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ("UPDATE credit_account SET balance += 1", "balance is 91"),
        ("UPDATE credit_account SET held += 1", "held is 11"),
        ("UPDATE credit_account SET in_flight = 0", "in_flight is 0"),
        ("UPDATE credit_account SET held = 1000", "holds 1000 credits of a balance of 90"),
        ("DELETE credit_account", "has ledger entries but no account"),
        ("DELETE video_job WHERE status = 'completed'", "is in the library but does not exist"),
        (
            "DELETE video_job WHERE status = 'failed'",
            "has ledger entries but does not exist",
        ),
        (
            "UPDATE video_job SET user = 'eve' WHERE status = 'completed'",
            "its ledger entries and library row to",
        ),
        ("UPDATE fal_request SET job = 'other'", "its request belongs to other"),
        ("UPDATE video_job SET sha256 = NONE", "has other bytes"),
        (
            "UPDATE video_job SET video_key = 'users/eve/library/x.mp4' WHERE attempts > 0",
            "is stored in another user's folder",
        ),
        ("DELETE library_video", "is completed and not in the library"),
        (RELEASE_OF_A_PAID_JOB, "ledger entries ['charge', 'hold', 'release']"),
        (
            "UPDATE video_job SET credits = 5 WHERE status = 'completed'",
            "costs 5",
        ),
        (
            "UPDATE video_job SET video_key = 'users/ada/library/x.mp4'",
            "belongs to two jobs",
        ),
        (ONE_REQUEST_FOR_ALL, "its request belongs to"),
        ("UPDATE video_job SET fal_request_id = 'fal-1'", "fal-1 has no row in fal_request"),
        ("UPDATE video_job SET due_at = time::now()", "is completed but still due or leased"),
        ("UPDATE video_job SET due_at = NONE", "is pending but never due"),
        ("UPDATE video_job SET error_code = 'odd' WHERE status = 'failed'", "without a reason"),
        ("UPDATE video_job SET revision += 1", "but its last event is"),
        (
            "UPDATE video_job SET status = 'cancelled' WHERE status = 'pending'",
            "but its last event is pending",
        ),
        (EVENT_AFTER_THE_END, ", 99]"),
        (EVENT_AFTER_THE_END, "ended more than once: ['completed', 'completed']"),
    ],
)
async def test_a_broken_invariant_is_found(run: Running, change: str, finding: str) -> None:
    if "revision" in change:
        await run.rows("REMOVE EVENT video_job_history ON video_job")
    await run.rows(change)
    assert any(finding in each for each in await findings(run)), await findings(run)


async def test_missing_and_changed_objects_are_found(run: Running, delivered: str) -> None:
    key = (await run.status(delivered))["key"]
    path = run.service.settings.storage_dir / key
    path.write_bytes(b"x" * path.stat().st_size)
    assert [each for each in await findings(run) if "other bytes" in each]
    path.unlink()
    path.with_suffix(".jpg").unlink()
    assert len([each for each in await findings(run) if "there is no object at" in each]) == 2


async def put(storage: Storage, key: str, folder: Path, *, owner: str) -> None:
    """Store something as a delivery does, for a job that fails afterwards."""
    source = write_file(folder, b"stored, then the job failed")
    await storage.put(
        key,
        source,
        sha256=source.name,
        owner=owner,
    )


@pytest.mark.usefixtures("delivered")
async def test_an_orphan_is_listed_and_deleted_only_with_apply(
    run: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    database, storage = run.service.database, run.service.storage
    day = datetime.now(UTC).date()
    key = f"users/ada/library/{day}-night-life-roller-7.mp4"
    await run.rows("CREATE type::record('storage_key_taken', $key)", key=key)
    folder = run.service.settings.storage_dir
    left, strangers = folder / key, folder / "users/ada/library/not-ours.mp4"
    strangers.write_bytes(b"the bucket may serve others")
    (failed,) = await run.rows("SELECT VALUE record::id(id) FROM video_job WHERE status = 'failed'")
    await put(storage, key, folder.parent, owner=failed)
    await run.rows("UPDATE video_job SET video_key = $key WHERE status = 'failed'", key=key)
    await run.rows(
        "CREATE idempotency:old SET fingerprint = 'f', job = 'j', expires_at = time::now() - 1d"
    )
    assert await findings(run) == []
    assert await report(database, storage, read=False) == 0
    assert f"{key}: not needed any more" in capsys.readouterr().out

    await repair(database, storage, apply=False)
    assert left.exists()
    assert await run.rows("RETURN record::exists(idempotency:old)")
    await repair(database, storage, apply=True)
    assert not left.exists()
    assert not await run.rows("RETURN record::exists(idempotency:old)")
    assert strangers.exists()
    assert await findings(run) == []
    assert [key async for key in orphans(database, storage)] == []
    assert "would be deleted" in capsys.readouterr().out


@pytest.mark.usefixtures("delivered")
async def test_repair_keeps_objects_that_the_job_did_not_store(run: Running) -> None:
    storage, folder = run.service.storage, run.service.settings.storage_dir
    foreign = "users/ada/library/2025-01-01-foreign.mp4"
    (folder / foreign).write_bytes(b"somebody else put it there long ago")
    shared = "users/ada/library/2025-01-01-shared.mp4"
    (failed,) = await run.rows("SELECT VALUE record::id(id) FROM video_job WHERE status = 'failed'")
    await put(storage, shared, folder.parent, owner=failed)
    await run.rows(
        "CREATE video_job:old SET user = 'ada', user_email = 'ada', template_slug = 's', "
        "fal_model = 'm', status = 'completed', stage = 'done', video_key = $key",
        key=shared,
    )
    for key in (foreign, shared):
        await run.rows("UPDATE video_job SET video_key = $key WHERE status = 'failed'", key=key)
        await repair(run.service.database, storage, apply=True)
        assert (folder / key).exists()

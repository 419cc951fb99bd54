"""The audit names the job for every kind of damage; rows of the replaced stack are sound."""
# ruff: noqa: S608 the statements are put together from constants

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.database import audit as audit_module
from app.database import audit_objects, job_ranges
from app.database.audit import audit
from app.database.audit_objects import orphans
from app.database.client import Database
from app.storage.local_files import LocalFiles
from scripts.audit import repair, report
from scripts.migrate import migrate
from tests.support.database import SurrealServer, connected
from tests.support.legacy import legacy_row, make_legacy, run_backfill
from tests.support.s3 import write_file
from tests.support.service import Running

pytestmark = pytest.mark.unaudited

ALLOW_ALL = """
REMOVE EVENT video_job_history ON video_job;
REMOVE EVENT video_job_event_append_only ON video_job_event;
REMOVE EVENT credit_entry_append_only ON credit_entry;
DEFINE FIELD OVERWRITE status ON video_job TYPE string;
DEFINE FIELD OVERWRITE stage ON video_job TYPE option<string>;
DEFINE FIELD OVERWRITE created_at ON video_job TYPE datetime;
DEFINE FIELD OVERWRITE status ON video_job_event TYPE string;
DEFINE FIELD OVERWRITE bytes ON library_video TYPE int;
DEFINE FIELD OVERWRITE template_slug ON library_video TYPE string;
DEFINE FIELD OVERWRITE created_at ON library_video TYPE datetime;
"""
JOB = "type::record('video_job', $job)"
EVENTS = "type::record('video_job_event', [$job, 0]..[$job, 1000])"
FAR = "d'2999-01-01T00:00:00Z'"
QUEUED, FAILED, COMPLETED = "pending", "failed", "completed"

DAMAGE = {
    "due in 2999": (QUEUED, f"UPDATE {JOB} SET due_at = {FAR}", "due 2999"),
    "due at a far deadline": (
        QUEUED,
        f"UPDATE {JOB} SET due_at = {FAR}, deadline_at = {FAR}",
        "its deadline 2999",
    ),
    "submitting, due in 2999": (
        QUEUED,
        f"UPDATE {JOB} SET due_at = {FAR}, fal_request_id = NONE, stage = 'submitting'",
        "due 2999",
    ),
    "leased until 2999": (
        QUEUED,
        f"UPDATE {JOB} SET lease = {{ holder: 'x', until: {FAR} }}",
        "leased until 2999",
    ),
    "in trouble until 2999": (
        QUEUED,
        (
            f"UPDATE {JOB} SET trouble = {{ kind: 'status', message: 'm', count: 1, "
            f"since: time::now(), until: {FAR} }}"
        ),
        "in trouble until 2999",
    ),
    "leased for an hour": (
        QUEUED,
        f"UPDATE {JOB} SET lease = {{ holder: 'x', until: time::now() + 1h }}",
        "leased until",
    ),
    "no deadline": (QUEUED, f"UPDATE {JOB} SET deadline_at = NONE", "without a deadline"),
    "a time beyond the year 9999": (
        COMPLETED,
        f"UPDATE {JOB} SET deadline_at = d'+12000-01-01T00:00:00Z' RETURN NONE",
        "cannot be read by the driver",
    ),
    "an unknown stage": (QUEUED, f"UPDATE {JOB} SET stage = 'dreaming'", "cannot be read"),
    "completed by hand": (
        QUEUED,
        f"UPDATE {JOB} SET status = 'completed', stage = 'done', due_at = NONE",
        "with ledger entries ['hold']",
    ),
    "pending, failed, processing": (
        QUEUED,
        (
            f"DELETE {EVENTS}; "
            "FOR $n IN 1..4 { CREATE type::record('video_job_event', [$job, $n]) SET "
            "status = ['pending', 'failed', 'processing'][$n - 1] }; "
            f"UPDATE {JOB} SET status = 'processing', revision = 3"
        ),
        "an order that no job can have: ['pending', 'failed', 'processing']",
    ),
    "processing, then pending": (
        QUEUED,
        "UPDATE type::record('video_job_event', [$job, 1]) SET status = 'processing'",
        "an order that no job can have",
    ),
    "no events": (QUEUED, f"DELETE {EVENTS}", "has no events"),
    "no events and no revision": (
        COMPLETED,
        f"DELETE {EVENTS}; UPDATE {JOB} SET revision = NONE",
        "has no revision",
    ),
    "events that begin at 3": (
        COMPLETED,
        "DELETE type::record('video_job_event', [$job, 1]..[$job, 3])",
        "has a gap in its events: [3",
    ),
    "another size in the library": (
        COMPLETED,
        "UPDATE type::record('library_video', $job) SET bytes = 1",
        "but its library row has 1",
    ),
    "another template in the library": (
        COMPLETED,
        "UPDATE type::record('library_video', $job) SET template_slug = 'x'",
        "but its library row has x",
    ),
    "another time in the library": (
        COMPLETED,
        f"UPDATE type::record('library_video', $job) SET created_at = {FAR}",
        "but its library row has 2999",
    ),
    "a lost request": (
        QUEUED,
        f"DELETE type::record('fal_request', {JOB}.fal_request_id)",
        "no row in fal_request",
    ),
    "a lost key": (
        COMPLETED,
        f"DELETE type::record('storage_key_taken', {JOB}.video_key)",
        "no row in storage_key_taken",
    ),
    "completed without a request": (
        COMPLETED,
        f"UPDATE {JOB} SET fal_request_id = NONE",
        "completed without a request",
    ),
    "unfinished without a hold": (
        QUEUED,
        "DELETE type::record('credit_entry', [$job, 'hold'])",
        "is pending with ledger entries []",
    ),
    "a key of another day": (
        COMPLETED,
        (
            "LET $key = 'users/ada/library/2020-01-01-night-life-roller.mp4'; "
            f"CREATE type::record('storage_key_taken', $key); UPDATE {JOB} SET video_key = $key"
        ),
        "is not one of users/",
    ),
    "a key of another template": (
        COMPLETED,
        f"UPDATE {JOB} SET template_slug = 'dance-floor'",
        "is not one of users/",
    ),
}


async def damage(run: Running, status: str, statements: str) -> str:
    """Damage the job with this status and return its id."""
    await run.service.database.run_script(ALLOW_ALL)
    (job,) = await run.rows(
        "SELECT VALUE record::id(id) FROM video_job WHERE status = $status", status=status
    )
    for result in await run.service.database.run_script(statements, job=job):
        assert result["status"] == "OK", result
    return str(job)


@pytest.mark.usefixtures("delivered")
@pytest.mark.parametrize(("status", "statements", "finding"), DAMAGE.values(), ids=DAMAGE.keys())
async def test_damage_is_found_and_named_with_its_job(
    run: Running,
    capsys: pytest.CaptureFixture[str],
    status: str,
    statements: str,
    finding: str,
) -> None:
    job = await damage(run, status, statements)
    assert await report(run.service.database, run.service.storage, read=False) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith(f"{job}: ") and finding in line], lines


@pytest.mark.usefixtures("delivered")
async def test_idempotency_key_of_no_job_is_found(run: Running) -> None:
    await run.rows(
        "CREATE type::record('idempotency', ['ada', 'key']) SET fingerprint = 'f', job = 'gone', "
        "expires_at = time::now() + 1d"
    )
    assert await run.audit() == ["gone: has an idempotency key but does not exist"]


async def test_object_of_a_key_that_was_numbered_past_is_found_and_repaired(
    run: Running, delivered: str
) -> None:
    database, storage = run.service.database, run.service.storage
    key = f"users/ada/library/{datetime.now(UTC).date()}-night-life-roller-7.mp4"
    await run.rows("CREATE type::record('storage_key_taken', $key)", key=key)
    assert await run.audit() == []
    source = write_file(run.service.settings.storage_dir.parent, b"stored, then given another key")
    await storage.put(key, source, sha256=source.name, owner=delivered)
    assert await run.audit() == [f"{delivered}: stored {key}, which is not the key of any job"]
    assert [each async for each in orphans(database, storage)] == [key]
    await repair(database, storage, apply=True)
    assert await run.audit() == []


@pytest.mark.usefixtures("delivered")
@pytest.mark.parametrize("rows", [1, 2])
async def test_pages_of_any_size_find_the_same(
    run: Running, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(job_ranges, "RANGE_ROWS", rows)
    for module in (audit_module, audit_objects):
        monkeypatch.setattr(module, "CHUNK", rows)
    assert await run.audit() == []
    await run.rows("UPDATE credit_account SET balance += 1")
    assert await run.audit() == ["ada: balance is 91, but must be 90"]


async def test_rows_of_the_replaced_stack_are_sound_before_and_after_the_backfill(
    empty: Database, tmp_path: Path
) -> None:
    shared = "users/ada/library/shared.mp4"
    await make_legacy(
        empty,
        legacy_row("one", video_key=shared),
        legacy_row("two", video_key=shared),
        legacy_row("three", "failed"),
        legacy_row("four", "processing"),
    )
    await migrate(empty)
    assert await audit(empty, LocalFiles(tmp_path / "storage"), read=True) == []
    await run_backfill(empty)
    await migrate(empty)
    assert await audit(empty, LocalFiles(tmp_path / "storage"), read=True) == []


async def test_row_that_the_driver_cannot_read_is_named_over_a_websocket(
    server: SurrealServer, tmp_path: Path
) -> None:
    async with connected(server.address()) as database:
        await make_legacy(database, *(legacy_row(name) for name in ("one", "two", "three")))
        await migrate(database)
        await run_backfill(database)
        await database.query(
            "UPDATE video_job:two SET deadline_at = d'+12000-01-01T00:00:00Z' RETURN NONE"
        )
        found = await audit(database, LocalFiles(tmp_path / "storage"), read=True)
        assert [each.subject for each in found] == ["two"]

"""``scripts.retention``: a dry run changes nothing, money stays, and the audit agrees."""

from datetime import UTC, datetime, timedelta

import pytest

from app.database.errors import StatementRejected, Thrown
from app.database.retention import Kind, apply_retention
from app.problems import DatabaseUnavailable
from app.settings import Settings
from tests.support.database import SurrealServer, connected, embedded
from tests.support.deletions import carry_on, objects
from tests.support.deployment import as_migrator, create_database, migrate_and_create_service_user
from tests.support.job_rows import stored_row
from tests.support.legacy import legacy_row
from tests.support.scripts import run_script
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

LATER = datetime.now(UTC) + timedelta(days=3)
EARLIER = datetime.now(UTC) - timedelta(days=3)
KEPT = "SELECT * FROM credit_entry, credit_account, library_video, fal_request ORDER BY id"


@pytest.fixture
async def jobs(run: Running, fal: FalStandIn) -> list[str]:
    """A completed job, one that has failed, and one that is queued, each with a key."""
    ids = []
    for key, end in (("a", "complete"), ("b", "fail"), ("c", None)):
        ids.append(await run.submitted(headers={"Idempotency-Key": key}))
        if end == "complete":
            fal.complete(fal.newest, small_video())
        elif end == "fail":
            fal.fail(fal.newest)
        if end:
            await run.finished(ids[-1])
    await run.wait_for_background()  # start images are stored after the answer
    return ids


async def rows(run: Running, table: str) -> int:
    return len(await run.rows(f"SELECT VALUE id FROM {table}"))  # noqa: S608 a constant


async def test_a_dry_run_counts_and_changes_nothing(run: Running, jobs: list[str]) -> None:
    tables = ("video_job", "video_job_event", "idempotency")
    before = [await run.rows(f"SELECT * FROM {table}") for table in tables]  # noqa: S608 constants
    database = run.service.database
    counted = await apply_retention(database, dict.fromkeys(Kind, LATER), apply=False)
    assert counted == {Kind.EVENTS: 2, Kind.FAILED: 1, Kind.KEYS: 3}
    after = [await run.rows(f"SELECT * FROM {table}") for table in tables]  # noqa: S608 constants
    assert (after, len(before[0])) == (before, len(jobs))


async def test_what_is_not_old_enough_stays(run: Running, jobs: list[str]) -> None:
    deleted = await apply_retention(run.service.database, dict.fromkeys(Kind, EARLIER), apply=True)
    assert set(deleted.values()) == {0}
    assert await rows(run, "video_job") == len(jobs)
    assert await rows(run, "idempotency") == 3


async def test_old_events_and_inputs_go_while_money_stays_and_the_audit_agrees(
    run: Running, jobs: list[str]
) -> None:
    kept, database = await run.rows(KEPT), run.service.database
    ends = {Kind.EVENTS: LATER, Kind.FAILED: LATER}
    assert await apply_retention(database, ends, apply=True) == {Kind.EVENTS: 2, Kind.FAILED: 1}
    completed, failed, queued = jobs
    assert set(await run.rows("SELECT VALUE record::id(id)[0] FROM video_job_event")) == {queued}
    row = (await run.rows("SELECT * FROM type::record('video_job', $job)", job=failed))[0]
    assert (row["user_email"], row.get("variables")) == ("", None)
    assert (row["status"], row["error_code"], row["user"]) == ("failed", "fal_rejected", "ada")
    assert await run.rows(KEPT) == kept
    assert await run.audit() == []
    assert (await run.status(failed))["error"]["code"] == "fal_rejected"
    assert (await run.status(completed))["status"] == "completed"
    assert await apply_retention(database, ends, apply=True) == {Kind.EVENTS: 0, Kind.FAILED: 0}


@pytest.mark.parametrize("is_known", [True, False])
async def test_the_start_image_of_an_old_failed_job_is_deleted(
    run: Running, jobs: list[str], *, is_known: bool
) -> None:
    completed, failed, queued = jobs
    if not is_known:  # the process died before it recorded that the image is stored
        await run.rows("UPDATE type::record('video_job', $id) SET start_stored = NONE", id=failed)
    assert len(await objects(run, failed)) == 1
    kept = [await objects(run, job_id) for job_id in (completed, queued)]
    await run.rows("UPDATE video_job SET variables = NONE, user_email = ''")
    database = run.service.database
    for found in (1, 0):
        deleted = await apply_retention(database, {Kind.FAILED: LATER}, apply=True)
        assert deleted == {Kind.FAILED: found}
    await carry_on(run, 1)
    assert await objects(run, failed) == []
    assert [await objects(run, job_id) for job_id in (completed, queued)] == kept
    assert "deleted_at" in await stored_row(run, failed)
    assert await run.audit() == []


async def test_a_job_of_the_replaced_stack_is_not_old_before_it_has_the_time_of_its_end(
    run: Running,
) -> None:
    row = legacy_row("old", "failed", fal_model="fal-ai/theirs")
    await run.rows("INSERT INTO video_job $row", row=row)
    before = await stored_row(run, "old")
    for apply in (False, True):
        ends = {Kind.EVENTS: LATER, Kind.FAILED: LATER}
        deleted = await apply_retention(run.service.database, ends, apply=apply)
        assert deleted == dict.fromkeys(ends, 0)
    assert await stored_row(run, "old") == before
    await run.rows("UPDATE video_job:old SET completed_at = updated_at")  # as the backfill does
    deleted = await apply_retention(run.service.database, ends, apply=True)
    assert deleted == {Kind.EVENTS: 0, Kind.FAILED: 1}


async def test_a_key_that_has_not_expired_is_not_deleted(run: Running, jobs: list[str]) -> None:
    assert await apply_retention(
        run.service.database, {Kind.KEYS: datetime.now(UTC)}, apply=True
    ) == {Kind.KEYS: 0}
    await apply_retention(run.service.database, {Kind.KEYS: LATER}, apply=True)
    assert await rows(run, "idempotency") == 0
    assert await rows(run, "video_job") == len(jobs)


async def test_an_unfinished_job_keeps_its_history(run: Running, jobs: list[str]) -> None:
    (job,) = await run.rows("SELECT VALUE id FROM type::record('video_job', $id)", id=jobs[2])
    deleted = await run.service.database.call("retention::delete_history", [job], LATER)
    assert deleted == 0
    with pytest.raises((Thrown, StatementRejected), match="append_only"):
        await run.rows("DELETE video_job_event")


@pytest.mark.unaudited
async def test_the_audit_names_an_unfinished_job_without_a_history(
    run: Running, jobs: list[str]
) -> None:
    await run.rows(
        "UPDATE type::record('video_job', $job) SET history_deleted_at = time::now()", job=jobs[2]
    )
    assert await run.audit() == [f"{jobs[2]}: is pending, but its events were deleted"]


@pytest.mark.unaudited
async def test_the_audit_names_a_job_whose_events_were_deleted_otherwise(
    run: Running, jobs: list[str]
) -> None:
    database = run.service.database
    await apply_retention(database, {Kind.EVENTS: LATER}, apply=True)
    await run.rows(
        "UPDATE type::record('video_job', $job) SET history_deleted_at = NONE", job=jobs[0]
    )
    assert [finding for finding in await run.audit() if jobs[0] in finding]


async def test_the_script_needs_an_option_and_prints_its_counts(
    settings: Settings,
) -> None:
    address = embedded(settings.surreal_url)
    assert (await run_script("retention", address=address)).status == 2
    ended = await run_script("retention", "--events", "90", "--keys", "7", address=address)
    assert (ended.status, ended.err.count("Traceback")) == (0, 0), ended.err
    assert ended.out == (
        "0 jobs whose events would be deleted\n0 expired idempotency keys that would be deleted\n"
    )


async def test_the_service_may_not_delete_and_the_migrator_may(server: SurrealServer) -> None:
    async with connected(await create_database(server)) as root:
        service = await migrate_and_create_service_user(root)
        async with connected(service) as database:
            for kind in Kind:
                with pytest.raises(DatabaseUnavailable) as refused:
                    await database.call(kind, [], LATER)
                assert "permission" in str(refused.value.__cause__)
        async with connected(as_migrator(root)) as database:
            deleted = await apply_retention(database, dict.fromkeys(Kind, LATER), apply=True)
            assert set(deleted.values()) == {0}

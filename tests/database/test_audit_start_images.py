"""The audit compares start images with their owners; a picture that is lost is no violation."""
# ruff: noqa: S608 the statements are put together from constants

import pytest

from app.database.audit_objects import orphans
from scripts.audit import repair, report
from tests.support.legacy import legacy_row
from tests.support.s3 import write_file
from tests.support.service import Running

pytestmark = pytest.mark.unaudited

JOB = "type::record('video_job', $job)"
OF_EVE = "users/eve/start/x.png"

DAMAGE = {
    "another user's folder": (
        f"UPDATE {JOB} SET start_key = string::replace(start_key, 'users/ada', 'users/eve')",
        "its start image is in another user's folder or another job's: users/eve/start/",
    ),
    "another job's": (
        f"UPDATE {JOB} SET start_key = 'users/ada/start/other.png'",
        "its start image is in another user's folder or another job's: users/ada/start/other.png",
    ),
    "stored without a key": (
        f"UPDATE {JOB} SET start_key = NONE",
        "has a stored start image without a key",
    ),
    "listed, not stored": (
        f"UPDATE {JOB} SET start_stored = NONE",
        "has the start image None, but its library row has users/ada/start/",
    ),
    "stored, not listed": (
        "UPDATE type::record('library_video', $job) SET start_key = NONE",
        "but its library row has None",
    ),
}


async def start_key(run: Running, job_id: str) -> str:
    (key,) = await run.rows(f"SELECT VALUE start_key FROM {JOB}", job=job_id)
    return str(key)


@pytest.mark.parametrize(("statement", "finding"), DAMAGE.values(), ids=DAMAGE.keys())
async def test_damage_is_found_and_named_with_its_job(
    run: Running,
    delivered: str,
    capsys: pytest.CaptureFixture[str],
    statement: str,
    finding: str,
) -> None:
    await run.wait_for_background()
    await run.rows(statement, job=delivered)
    assert await report(run.service.database, run.service.storage, read=False) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith(f"{delivered}: ") and finding in line], lines


async def test_an_object_that_is_missing_or_another_job_s_is_found(
    run: Running, delivered: str
) -> None:
    await run.wait_for_background()
    assert await run.audit() == []
    key, storage = await start_key(run, delivered), run.service.storage
    await storage.delete(key)
    assert await run.audit() == [
        f"{delivered}: has a stored start image, but there is no object at {key}"
    ]
    await put(run, key, owner="other")
    assert await run.audit() == [f"{delivered}: its start image at {key} was stored by other"]


async def test_an_image_that_was_never_stored_is_no_violation(run: Running, delivered: str) -> None:
    await run.wait_for_background()
    await run.service.storage.delete(await start_key(run, delivered))
    await run.rows(f"UPDATE {JOB} SET start_stored = NONE", job=delivered)
    await run.rows("UPDATE type::record('library_video', $job) SET start_key = NONE", job=delivered)
    assert await run.audit() == []


async def test_what_the_replaced_stack_named_is_neither_found_nor_deleted(run: Running) -> None:
    for name, key in ("one", OF_EVE), ("two", "users/ada/start/two.png"), ("three", "../x"):
        row = legacy_row(name, "failed", start_key=key, fal_model="fal-ai/old")
        await run.rows("INSERT INTO video_job $row", row=row)
    assert await run.audit() == []
    await run.rows("UPDATE video_job SET deleted_at = time::now()")
    assert [key async for key in orphans(run.service.database, run.service.storage)] == []


@pytest.mark.parametrize("status", ["completed", "failed", "pending"])
async def test_the_repair_deletes_what_a_deleted_job_left_and_nothing_else(
    run: Running, delivered: str, status: str
) -> None:
    await run.wait_for_background()
    database, storage = run.service.database, run.service.storage
    (job_id,) = await run.rows(
        "SELECT VALUE record::id(id) FROM video_job WHERE status = $status", status=status
    )
    assert [key async for key in orphans(database, storage)] == []
    await run.rows(f"UPDATE {JOB} SET deleted_at = time::now()", job=job_id)
    key = await start_key(run, job_id)
    found = {key async for key in orphans(database, storage)}
    assert len(found) == (3 if status == "completed" else 1)
    assert key in found
    await repair(database, storage, apply=True)
    assert await storage.find(key, read=False) is None
    other = await run.submitted()
    await run.wait_for_background()
    assert await storage.find(await start_key(run, other), read=False) is not None
    assert delivered


async def test_an_object_of_another_application_is_not_deleted(
    run: Running, delivered: str
) -> None:
    await run.wait_for_background()
    key = await start_key(run, delivered)
    await run.service.storage.delete(key)
    await put(run, key, owner="other")
    await run.rows(f"UPDATE {JOB} SET deleted_at = time::now()", job=delivered)
    found = [key async for key in orphans(run.service.database, run.service.storage)]
    assert [each.rpartition(".")[2] for each in found] == ["mp4", "jpg"], "only its own"


async def put(run: Running, key: str, *, owner: str) -> None:
    source = write_file(run.service.settings.storage_dir.parent, b"a picture")
    await run.service.storage.put(key, source, sha256=source.name, owner=owner)

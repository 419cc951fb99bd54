"""The audit names the job or user for every kind of damage to deletions and erasures."""
# ruff: noqa: S608 the statements are put together from constants

import pytest

from app.database.audit_objects import orphans
from scripts.audit import repair, report
from tests.support.deletions import (
    SECOND_ROUND,
    carry_on,
    completed,
    delete,
    erase,
    objects,
)
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn

pytestmark = pytest.mark.unaudited

JOB = "type::record('video_job', $job)"
VIDEO = "type::record('library_video', $job)"
DELETION = "type::record('deletion', $job)"

OF_DELETED = {
    "still listed": (f"UPDATE {VIDEO} SET deleted_at = NONE", "is deleted, unlike its library row"),
    "only in the library": (
        f"UPDATE {JOB} SET deleted_at = NONE",
        "is not deleted, unlike its library row",
    ),
    "nothing is recorded": (f"DELETE {DELETION}", "its objects are not recorded"),
    "never due": (f"UPDATE {DELETION} SET due_at = NONE", "is never due"),
    "due in a day": (f"UPDATE {DELETION} SET due_at = time::now() + 1d", "but not before"),
    "left and not left": (f"UPDATE {DELETION} SET left = []", "has 0 objects left since"),
    "recorded for another user": (
        f"UPDATE {DELETION} SET user = 'eve'",
        "the record of its objects to eve",
    ),
    "shared": (f"UPDATE {VIDEO} SET share = 'abcdef'", "names a share that is not the video's"),
    "a share": ("CREATE share:abcdef SET job = $job", "is deleted, but still shared"),
    "no objects recorded as left": (
        f"UPDATE {DELETION} SET left = [], left_since = NONE, rounds = 2, due_at = NONE",
        "is deleted, but there is an object at users/ada/library/",
    ),
    "without a job": (
        "CREATE deletion:gone SET user = 'ada', left = [], rounds = 2, attempts = 0",
        "gone: has objects to delete but does not exist",
    ),
}
OF_ERASED = {
    "an address": (f"UPDATE {JOB} SET user_email = 'a@b.c'", "is erased, but has user_email"),
    "variables": (f"UPDATE {JOB} SET variables = {{ a: 'b' }}", "is erased, but has variables"),
    "a title": (f"UPDATE {VIDEO} SET title = 'x'", "is erased, but has title"),
    "an error": (f"UPDATE {JOB} SET error = 'x'", "is erased, but has the text of its error"),
    "a job": (
        f"UPDATE {JOB} SET erased_at = NONE; UPDATE erasure SET requested_at = time::now() + 1h",
        "ada: is erased, but has jobs that are not",
    ),
    "a key": (
        (
            "CREATE type::record('idempotency', ['ada', 'k']) SET fingerprint = 'f', job = $job, "
            "expires_at = time::now() + 1d; UPDATE erasure SET requested_at += 1h"
        ),
        "ada: is erased, but has idempotency keys",
    ),
    "not deleted": (
        f"UPDATE {JOB} SET deleted_at = NONE; UPDATE {VIDEO} SET deleted_at = NONE",
        "is erased, but not deleted",
    ),
    "unfinished, never due": ("UPDATE erasure SET finished_at = NONE", "but never due"),
    "unfinished, due in a day": (
        "UPDATE erasure SET finished_at = NONE, due_at = time::now() + 1d",
        "is being erased, but not before",
    ),
}


async def found_after(run: Running, job_id: str, statements: str) -> list[str]:
    assert await run.audit() == []
    loose = "DEFINE FIELD OVERWRITE user ON deletion TYPE string; "
    for result in await run.service.database.run_script(loose + statements, job=job_id):
        assert result["status"] == "OK", result
    return await run.audit()


@pytest.mark.parametrize(("statements", "finding"), OF_DELETED.values(), ids=OF_DELETED.keys())
async def test_damage_to_a_deletion_is_found(
    run: Running, fal: FalStandIn, statements: str, finding: str
) -> None:
    job_id = await completed(run, fal)
    await delete(run, job_id)
    found = await found_after(run, job_id, statements)
    assert [each for each in found if finding in each], found


@pytest.mark.parametrize(("statements", "finding"), OF_ERASED.values(), ids=OF_ERASED.keys())
async def test_damage_to_an_erasure_is_found(
    run: Running, fal: FalStandIn, statements: str, finding: str
) -> None:
    job_id = await completed(run, fal)
    await erase(run)
    await carry_on(run, 0)
    found = await found_after(run, job_id, statements)
    assert [each for each in found if finding in each], found


async def test_event_after_a_deletion_is_found(run: Running, fal: FalStandIn) -> None:
    job_id = await completed(run, fal)
    await delete(run, job_id)
    found = await found_after(run, job_id, f"UPDATE {JOB} SET revision += 1")
    assert [each for each in found if "ended more than once" in each], found


async def test_missing_object_of_a_video_that_is_not_deleted_is_found(
    run: Running, fal: FalStandIn
) -> None:
    deleted, kept = await completed(run, fal), await completed(run, fal)
    await delete(run, deleted)
    for path in [*await objects(run, deleted), *await objects(run, kept)]:
        path.unlink()
    found = await run.audit()
    assert len(found) == 3
    assert all(
        each.startswith(f"{kept}: ") and "but there is no object at" in each for each in found
    )


async def test_objects_that_came_back_are_found_and_repaired(
    run: Running, fal: FalStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    database, storage = run.service.database, run.service.storage
    job_id = await completed(run, fal)
    owners = run.service.settings.storage_dir / ".owners"
    paths = await objects(run, job_id)
    contents = {path: path.read_bytes() for path in paths}
    await delete(run, job_id)
    assert [key async for key in orphans(database, storage)] == [], "they are going to be deleted"
    await carry_on(run, 0)
    await carry_on(run, SECOND_ROUND)
    assert await run.audit() == []
    for path, content in contents.items():
        path.write_bytes(content)
        owner = owners / path.relative_to(run.service.settings.storage_dir)
        owner.write_text(job_id)
    assert len(await run.audit()) == 3
    assert len({key async for key in orphans(database, storage)}) == 3
    await repair(database, storage, apply=True)
    assert await objects(run, job_id) == []
    assert await report(database, storage, read=True) == 0
    assert "Every invariant holds." in capsys.readouterr().out

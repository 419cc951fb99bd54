"""The audit names the job for every kind of damage to outgoing events."""

import pytest
from surrealdb import RecordID

from app.database.client import Database
from scripts.audit import report
from tests.database.test_audit_damage import damage
from tests.support.deletions import carry_on, completed, delete, erase
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn

pytestmark = [pytest.mark.unaudited, pytest.mark.usefixtures("delivered")]


def event(revision: str = "$ended.revision", due: str = "time::now()", age: str = "0") -> str:
    """Return statements that create an event of the job ``$job``."""
    return f"""
    LET $ended = SELECT * FROM ONLY type::record('video_job', $job);
    DEFINE FIELD OVERWRITE due_at ON outgoing_event TYPE option<datetime>;
    CREATE type::record('outgoing_event', [$job, {revision}]) SET
      due_at = {due}, attempts = 0, created_at = time::now() - {age}d"""  # noqa: S608 constants


@pytest.mark.parametrize(
    ("status", "statements", "finding"),
    [
        ("pending", event(), "is pending, but has an outgoing event of its end"),
        ("completed", event("1"), "but has an outgoing event of revision 1"),
        ("completed", event(due="NONE"), "is not due within hours"),
        ("failed", event(due="time::now() + 1d"), "is not due within hours"),
        ("failed", event(age="5"), "is older than 4 days"),
    ],
)
async def test_damage_is_found_and_named_with_its_job(
    run: Running,
    capsys: pytest.CaptureFixture[str],
    status: str,
    statements: str,
    finding: str,
) -> None:
    job = await damage(run, status, statements)
    assert await report(run.service.database, run.service.storage, read=False) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{job}: ")
    assert finding in line


async def test_an_event_of_no_job_is_found(run: Running) -> None:
    await create(run.service.database, "gone", 3)
    assert await run.audit() == ["gone: has an outgoing event but does not exist"]


@pytest.mark.parametrize("status", ["completed", "failed"])
async def test_the_event_of_an_ending_is_sound_for_days(run: Running, status: str) -> None:
    await damage(run, status, event(age="3"))
    assert await run.audit() == []


@pytest.mark.parametrize("is_deleted_before", [True, False])
async def test_an_ending_whose_job_is_deleted_and_erased_before_it_is_told_is_sound(
    run: Running, fal: FalStandIn, *, is_deleted_before: bool
) -> None:
    await run.rows("RETURN fn::outgoing_event::want(999)")
    job_id = await completed(run, fal)
    assert len(await run.rows("SELECT * FROM outgoing_event")) == 1
    if is_deleted_before:
        await delete(run, job_id)
        assert await run.audit() == []
    await erase(run)
    await carry_on(run, 1)
    assert await run.rows(
        "SELECT VALUE erased_at != NONE FROM video_job WHERE id = $id",
        id=RecordID("video_job", job_id),
    ) == [True]
    assert await run.audit() == []


async def create(database: Database, job: str, revision: int) -> None:
    await database.query(
        "CREATE type::record('outgoing_event', [$job, $n]) SET due_at = time::now(), attempts = 0, "
        "created_at = time::now()",
        job=job,
        n=revision,
    )

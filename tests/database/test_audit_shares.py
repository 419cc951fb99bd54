"""The audit finds a share and a video that do not belong together."""
# ruff: noqa: S608 the statements are put together from constants

import pytest

from app.database import job_ranges
from scripts.audit import report
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

pytestmark = pytest.mark.unaudited

VIDEO = "type::record('library_video', $job)"
DAMAGE = {
    "a share of no video": (
        "CREATE type::record('share', 'another') SET job = 'gone'",
        "gone: is shared, but not in the library",
    ),
    "a second share": (
        "CREATE type::record('share', 'another') SET job = $job",
        "{job}: has a share that its library row does not name",
    ),
    "a share that the video does not name": (
        f"UPDATE {VIDEO} SET share = NONE",
        "{job}: has a share that its library row does not name",
    ),
    "a video whose share is lost": (
        "DELETE share",
        "{job}: its library row names a share that is not the video's",
    ),
    "a video that names another's share": (
        f"DELETE share; CREATE type::record('share', {VIDEO}.share) SET job = 'gone'",
        "{job}: its library row names a share that is not the video's",
    ),
    "a share of a deleted video": (
        f"UPDATE {VIDEO} SET deleted_at = time::now()",
        "{job}: is deleted, but still shared",
    ),
}


@pytest.fixture
async def shared(run: Running, fal: FalStandIn) -> str:
    """The job of a shared video."""
    job = await run.submitted()
    fal.complete(fal.newest, small_video())
    await run.finished(job)
    await run.service.shares.share(job, "ada")
    assert await run.audit() == []
    return job


@pytest.mark.parametrize(("statements", "finding"), DAMAGE.values(), ids=DAMAGE.keys())
async def test_damage_is_found_and_named_without_the_token(
    run: Running,
    shared: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    statements: str,
    finding: str,
) -> None:
    monkeypatch.setattr(job_ranges, "RANGE_ROWS", 1)
    (token,) = await run.rows("SELECT VALUE record::id(id) FROM share")
    for result in await run.service.database.run_script(statements, job=shared):
        assert result["status"] == "OK", result
    assert await report(run.service.database, run.service.storage, read=False) == 1
    found = capsys.readouterr().out
    assert finding.format(job=shared) in found.splitlines()
    assert token not in found

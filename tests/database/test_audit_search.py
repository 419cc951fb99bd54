"""The audit finds each way in which a search differs from the library."""

import pytest

from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

STALE = "a search of its library does not find it as it is"
LOST = "is found by a search but is not in the library"
ROW = "type::record('library_search', ['ada', -9223372036854775807]..['ada', 0])"


@pytest.fixture
async def job_id(run: Running, fal: FalStandIn) -> str:
    """A completed job of a user who has searched."""
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    await run.finished(job_id)
    await run.library(q="night")
    await run.wait_for_background()
    return job_id


async def test_a_library_that_was_changed_and_searched_is_sound(run: Running, job_id: str) -> None:
    await run.change(job_id, title="Straße", favourite=True)
    assert await run.audit() == []


@pytest.mark.unaudited
@pytest.mark.parametrize(
    "damage",
    [
        f"UPDATE {ROW} SET title = 'other'",  # noqa: S608 constants
        f"UPDATE {ROW} SET favourite = true",  # noqa: S608 constants
        f"UPDATE {ROW} SET template_slug = 'other'",  # noqa: S608 constants
        f"DELETE {ROW}",
    ],
)
async def test_a_stale_or_missing_row_is_named_with_its_job(
    run: Running, job_id: str, damage: str
) -> None:
    await run.rows(damage)
    assert await run.audit() == [f"{job_id}: {STALE}"]


@pytest.mark.unaudited
async def test_a_row_of_no_video_is_named(run: Running, job_id: str) -> None:
    await run.rows(
        "CREATE type::record('library_search', ['ada', -5, 'gone']) "
        "SET title = 't', template_slug = 's', favourite = false"
    )
    assert await run.audit() == [f"gone: {LOST}"]
    await run.rows("DELETE type::record('library_search', ['ada', -5, 'gone'])")
    await run.rows("REMOVE EVENT library_video_search ON library_video")
    await run.rows("UPDATE library_video SET deleted_at = time::now()")
    assert f"{job_id}: {STALE}" in await run.audit()


async def test_videos_of_a_user_who_never_searched_need_no_rows(run: Running, job_id: str) -> None:
    await run.rows("DELETE library_search")
    assert job_id
    assert await run.audit() == []

"""The database's record of a start image, called repeatedly, too early and too late."""

import pytest

from app.database.errors import Thrown
from tests.support.job_functions import VIDEO, Jobs, job_arguments, values_of, without_times

KEY = "users/ada/start/j.png"


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_a_stored_image_is_recorded_once_and_ends_no_job_again(
    jobs: Jobs, status: str
) -> None:
    await jobs.open("j", start_key=KEY)
    ended = await jobs.ended("j", status)
    assert values_of(ended, "start_key", "start_stored") == [KEY, None]
    events = await jobs.all("video_job_event")
    stored = await jobs("start_image_stored", "j")
    assert without_times(stored) == without_times(ended) | {"start_stored": True}
    assert await jobs("start_image_stored", "j") == stored
    assert await jobs.all("video_job_event") == events
    listed = [row.get("start_key") for row in await jobs.all("library_video")]
    assert listed == ([KEY] if status == "completed" else [])


async def test_an_image_stored_before_the_video_is_listed_with_it(jobs: Jobs) -> None:
    await jobs.claimed("j", start_key=KEY)
    await jobs("start_image_stored", "j")
    await jobs("complete", "j", "worker", VIDEO)
    assert [row["start_key"] for row in await jobs.all("library_video")] == [KEY]


async def test_a_job_of_an_earlier_release_has_no_image(jobs: Jobs) -> None:
    assert "start_key" not in job_arguments("j")
    await jobs.open("j")
    assert values_of(await jobs("start_image_stored", "j"), "start_key", "start_stored") == [
        None,
        None,
    ]


async def test_a_deleted_job_records_no_image(jobs: Jobs) -> None:
    await jobs.open("j", start_key=KEY)
    await jobs.database.query("UPDATE video_job:j SET deleted_at = time::now()")
    assert (await jobs("start_image_stored", "j")).get("start_stored") is None


async def test_a_missing_job_is_named(jobs: Jobs) -> None:
    with pytest.raises(Thrown, match="job_not_found"):
        await jobs("start_image_stored", "gone")

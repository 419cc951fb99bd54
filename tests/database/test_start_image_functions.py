"""The database's record of a start image, called repeatedly, too early and too late."""

import pytest

from app.database.errors import Thrown
from app.storage.keys import START_EXTENSIONS, folder_of, start_key
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


async def test_a_deletion_hides_the_image_and_goes_on_naming_it(jobs: Jobs) -> None:
    await jobs.open("j", start_key=KEY)
    await jobs.ended("j", "completed")
    await jobs("start_image_stored", "j")
    deleted = await jobs.database.call("library::delete", "j", "ada")
    assert values_of(deleted, "start_key", "start_stored") == [KEY, None]
    assert await jobs("start_image_stored", "j") == deleted
    (left,) = await jobs.database.query("SELECT VALUE left FROM deletion")
    assert KEY in left


@pytest.mark.parametrize("user", ["ada", "a@b.c", ".hidden", "a/b", "a%2Fb", "émilie", "é" * 128])
async def test_only_the_key_of_the_job_itself_is_deleted(jobs: Jobs, user: str) -> None:
    folder = f"users/{folder_of(user)}/start"
    own = [start_key(user, "j", extension) for extension in START_EXTENSIONS]
    foreign = [f"{folder}/j.gif", f"{folder}/j", f"{folder}/i.png", f"{folder}/a/j.png"]
    foreign += ["users/eve/library/j.png", "users/start/j.png", "j.png", "", "/", "../start/j.png"]
    if user in {"ada", "a@b.c"}:
        foreign += ["users/eve/start/j.png", "users/ADA/start/j.png", "users/a%2Fb/start/j.png"]
    found = await jobs.database.query(
        "RETURN $keys.map(|$key: string| fn::deletion::start_key("
        "{ id: video_job:j, user: $user, start_key: $key }) ?? '-')",
        keys=own + foreign,
        user=user,
    )
    assert found == own + ["-"] * len(foreign)


@pytest.mark.parametrize(
    "row", ["NONE", "{}", "{ user: 'ada', start_key: 5 }", "{ start_key: 'a' }"]
)
async def test_a_row_that_is_no_job_of_ours_has_no_start_image(jobs: Jobs, row: str) -> None:
    assert await jobs.database.query(f"RETURN fn::deletion::start_key({row})") is None


async def test_a_missing_job_is_named(jobs: Jobs) -> None:
    with pytest.raises(Thrown, match="job_not_found"):
        await jobs("start_image_stored", "gone")

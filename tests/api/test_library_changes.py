"""A user's changes to the videos of the library: titles and favourites."""

import asyncio
from typing import Any

import pytest

from tests.support.refusals import assert_problem
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer


@pytest.fixture
async def job_id(run: Running, fal: FalStandIn) -> str:
    """A job of ada whose video is in the library."""
    job_id = await run.submitted(variables={"headline": "Friday"})
    fal.complete(fal.newest, small_video())
    await run.finished(job_id)
    return job_id


async def listed(run: Running) -> dict[str, Any]:
    (video,) = (await run.library())["videos"]
    return dict(video)


async def test_a_new_video_has_its_variables_and_is_no_favourite(run: Running, job_id: str) -> None:
    video = await listed(run)
    assert (video["jobId"], video["favourite"], video["variables"]) == (
        job_id,
        False,
        {"headline": "Friday", "mood": "electric", "duration": "5"},
    )


async def test_one_video_is_read_as_the_library_lists_it_by_its_owner_alone(
    run: Running, job_id: str
) -> None:
    answer = await run.get(f"/api/library/{job_id}")
    assert answer.json() == await listed(run)
    assert answer.headers["cache-control"] == "no-store"
    foreign = await run.get(f"/api/library/{job_id}", user="eve")
    assert_problem(foreign, 404, "video_not_found")


async def test_title_and_favourite_are_changed_one_by_one_and_together(
    run: Running, job_id: str
) -> None:
    before = await listed(run)
    for change in (
        {"title": "Ouverture"},
        {"favourite": True},
        {"favourite": False},
        {"title": "Straße 🎬", "favourite": True},
    ):
        for _ in range(2):  # a repeated change answers as the first
            answer = await run.change(job_id, **change)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"
            changed = answer.json()
            assert changed == before | change
            assert await listed(run) == changed
        before = changed


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("x", "x"),
        ("ä" * 200, "ä" * 200),
        (f"  {'x' * 200} ", "x" * 200),
        ("a\u00a0b\u3000", "a\u00a0b"),
        ("👩\u200d🎤", "👩\u200d🎤"),
    ],
)
async def test_a_title_has_1_to_200_characters_without_the_space_around_it(
    run: Running, job_id: str, given: str, title: str
) -> None:
    assert (await run.change(job_id, title=given)).json()["title"] == title


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"title": ""},
        {"title": " \u3000"},
        {"title": "\u200b\u202e"},
        {"title": "x" * 201},
        {"title": "two\nlines"},
        {"title": "one line\n"},
        {"title": "nul\0"},
        {"title": "bell\x07"},
        {"title": "line\u2028separator"},
        {"title": 5},
        {"title": None},
        {"title": ["x"]},
        {"favourite": None},
        {"favourite": "true"},
        {"favourite": 1},
        {"title": "good", "favourite": None},
        {"title": "good", "bytes": 1},
        {"title": "good", "key": "users/eve/library/x.mp4"},
    ],
)
async def test_any_other_change_is_refused_and_changes_nothing(
    run: Running, job_id: str, change: dict[str, Any]
) -> None:
    before = await listed(run)
    assert_problem(await run.change(job_id, **change), 422, "invalid_request")
    assert await listed(run) == before


async def test_half_a_character_is_refused(run: Running, job_id: str) -> None:
    for body in (rb'{"title": "\ud800"}', rb'{"title": "Friday \ud83d"}'):
        answer = await run.client.patch(f"/api/library/{job_id}", content=body, headers=bearer())
        assert_problem(answer, 422, "invalid_request")


async def test_a_body_that_is_no_object_is_refused(run: Running, job_id: str) -> None:
    for body in (b"", b"[]", b"title=x", b"{" * 100_000):
        answer = await run.client.patch(
            f"/api/library/{job_id}", content=body, headers=bearer("ada")
        )
        assert_problem(answer, 400, "invalid_json")


async def test_missing_foreign_and_deleted_videos_give_the_same_404(
    run: Running, job_id: str
) -> None:
    before = await run.rows("SELECT * FROM library_video")
    refusals = [
        await run.change(job_id, user="eve", title="mine now"),
        await run.change("no-such-video", title="x"),
        await run.change("%00", title="x"),
        await run.change("x" * 300, title="x"),
    ]
    assert await run.rows("SELECT * FROM library_video") == before
    await run.rows("UPDATE library_video SET deleted_at = time::now()")
    refusals.append(await run.change(job_id, title="x"))
    await run.rows("UPDATE library_video SET deleted_at = NONE")
    for refusal in refusals:
        assert_problem(refusal, 404, "video_not_found")
        assert refusal.json() == refusals[0].json()
    assert await run.rows("SELECT * FROM library_video") == before


async def test_a_job_without_a_video_is_not_found(run: Running) -> None:
    job_id = await run.submitted()
    assert_problem(await run.change(job_id, title="soon"), 404, "video_not_found")


async def test_a_change_needs_a_token(run: Running, job_id: str) -> None:
    answer = await run.client.patch(f"/api/library/{job_id}", json={"title": "x"})
    assert_problem(answer, 401, "unauthenticated")


async def test_another_method_names_the_methods_of_the_path(run: Running, job_id: str) -> None:
    answer = await run.client.put(f"/api/library/{job_id}", headers=bearer())
    assert_problem(answer, 405, "method_not_allowed")
    assert "PATCH" in answer.headers["allow"]


async def test_concurrent_changes_of_different_fields_are_all_kept(
    run: Running, job_id: str
) -> None:
    answers = await asyncio.gather(
        *(run.change(job_id, title=f"Title {number}") for number in range(10)),
        *(run.change(job_id, favourite=True) for _ in range(10)),
    )
    assert {answer.status_code for answer in answers} == {200}
    video = await listed(run)
    assert video["favourite"] is True
    assert video["title"] in {f"Title {number}" for number in range(10)}
    assert await run.library(q=video["title"], favourite="true") == await run.library()


async def test_a_change_and_a_deletion_at_once_leave_the_video_deleted(
    run: Running, job_id: str
) -> None:
    await run.library(q="roller")
    answers = await asyncio.gather(
        *(run.change(job_id, title=f"Title {number}") for number in range(10)),
        run.rows("UPDATE library_video SET deleted_at = time::now()"),
        *(run.change(job_id, favourite=True) for _ in range(10)),
    )
    assert {each.status_code for each in answers if not isinstance(each, list)} <= {200, 404}
    for query in ({}, {"q": "title"}, {"favourite": "true"}):
        assert (await run.library(**query))["videos"] == []
    assert await run.rows("SELECT * FROM library_search WHERE title != ''") == []
    await run.rows("UPDATE library_video SET deleted_at = NONE")


async def test_the_ledger_shows_the_changed_title(run: Running, job_id: str) -> None:
    await run.change(job_id, title="Opening night")
    titles = {entry.get("title") for entry in (await run.credits())["entries"]}
    assert titles == {"Opening night", None}

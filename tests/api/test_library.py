"""The catalogue of templates and the library of videos over HTTP."""

import base64

import pytest

from tests.support.refusals import assert_problem
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video


async def listed_jobs(run: Running, **query: str) -> list[str]:
    """Read the library in pages of two, and return the ids of its jobs."""
    seen: list[str] = []
    for _ in range(20):
        page = await run.library(limit=2, **query)
        seen += [video["jobId"] for video in page["videos"]]
        if page["nextCursor"] is None:
            return seen
        query["cursor"] = page["nextCursor"]
    raise AssertionError(f"the pages do not end: {seen}")


async def test_pages_list_every_video_once_newest_first(run: Running, fal: FalStandIn) -> None:
    jobs = []
    for number in range(5):
        jobs.append(await run.submitted(template="poster-parallax"))
        fal.complete(fal.newest, small_video(seed=number))
        await run.finished(jobs[-1])
    assert await listed_jobs(run) == jobs[::-1]
    assert len((await run.library())["videos"]) == 5


async def add_videos(run: Running, count: int, at: str) -> None:
    """Add library rows that alternate between two templates."""
    for number in range(count):
        await run.rows(
            f"CREATE library_video:job{number} SET user = 'ada', key = 'k{number}', title = 't', "
            f"template_slug = 'slug-{number % 2}', bytes = 1, duration_seconds = 1.0, "
            f"width = 1, height = 1, created_at = {at.format(number=number)}"
        )


@pytest.mark.unaudited  # the rows have no jobs
async def test_pages_list_every_video_once_even_with_equal_times(run: Running) -> None:
    await add_videos(run, 7, at="d'2025-10-08T10:00:00.123456Z'")
    assert sorted(await listed_jobs(run)) == [f"job{number}" for number in range(7)]


@pytest.mark.unaudited  # the rows have no jobs
async def test_template_slug_filters_the_library(run: Running) -> None:
    await add_videos(run, 7, at="d'2025-10-08T10:00:0{number}Z'")
    assert await listed_jobs(run, templateSlug="slug-0") == ["job6", "job4", "job2", "job0"]
    assert await listed_jobs(run, templateSlug="slug-1") == ["job5", "job3", "job1"]
    assert await listed_jobs(run, templateSlug="no-such") == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "ten"},
        {"limit": "-1"},
        {"limit": "٣"},
        {"cursor": ""},
        {"cursor": "!!"},
        {"cursor": "\xe9"},
        {"cursor": base64.urlsafe_b64encode(b"2025-10-08T10:00:00 job").decode()},
        {"cursor": base64.urlsafe_b64encode(b"2025-10-08T10:00:00Z").decode()},
        {"cursor": base64.urlsafe_b64encode(b"\xff\xfe").decode()},
    ],
)
async def test_invalid_limit_or_cursor_is_refused(run: Running, query: dict[str, str]) -> None:
    assert_problem(await run.get("/api/library", **query), 400, "invalid_query")


async def test_catalogue_lists_templates_with_exactly_the_documented_fields(run: Running) -> None:
    catalogue = (await run.client.get("/api/templates")).json()["templates"]
    assert len(catalogue) >= 8
    for template in catalogue:
        assert template.keys() - {"factors", "aspectRatios", "minimumSide"} == {
            "slug",
            "title",
            "description",
            "credits",
            "falModel",
            "modelName",
            "startSide",
            "variables",
        }
        for variable in template["variables"]:
            assert {"name", "label", "type", "required"} <= variable.keys()


async def test_new_template_row_can_be_submitted_without_a_restart(run: Running) -> None:
    await run.rows(
        "CREATE template:`brand-new` SET title = 'New', description = '', credits = 1, "
        "fal_model = 'fal-ai/new/model', image_field = 'picture', prompt = 'Go', "
        "arguments = { duration: 7 }, variables = []"
    )
    assert (await run.submit(template="brand-new")).status_code == 202


async def test_invalid_template_row_is_left_out_of_the_catalogue(run: Running) -> None:
    await run.rows(
        "CREATE template:broken SET title = 'x', description = 'x', credits = 1, "
        "fal_model = 'a/b', image_field = 'image_url', prompt = '{nothing}'"
    )
    catalogue = (await run.client.get("/api/templates")).json()["templates"]
    assert "broken" not in {template["slug"] for template in catalogue}
    assert (await run.submit()).status_code == 202

"""Every answer that a caller can get, and what a second user gets."""

import asyncio
import base64
from datetime import datetime, timedelta

import pytest

from tests.support.refusals import assert_no_effect, assert_problem
from tests.support.service import SUBMIT, Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", SUBMIT),
        ("GET", "/api/templates/video/status?jobId=x"),
        ("GET", "/api/library"),
        ("GET", "/api/credits"),
    ],
)
async def test_without_a_token_nobody_gets_in(
    run: Running, fal: FalStandIn, method: str, path: str
) -> None:
    answer = await run.client.request(method, path)
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    await assert_no_effect(run, fal)


@pytest.mark.parametrize("path", ["/api/templates", "/healthz", "/readyz"])
async def test_some_routes_need_no_token(run: Running, path: str) -> None:
    assert (await run.client.get(path)).status_code == 200


async def test_second_user_sees_nothing_of_the_first(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted(user="ada")
    fal.complete(next(iter(fal.requests)), small_video())
    await run.finished(job_id)
    foreign = await run.get("/api/templates/video/status", user="bob", jobId=job_id)
    missing = await run.get("/api/templates/video/status", user="bob", jobId="no-such-job")
    problem = assert_problem(foreign, 404, "job_not_found")
    assert problem == assert_problem(missing, 404, "job_not_found")
    assert (await run.library(user="bob")) == {"videos": [], "nextCursor": None}
    assert await run.money(user="bob") == (100, 0, ["grant"])


async def test_users_of_like_names_have_folders_of_their_own(run: Running, fal: FalStandIn) -> None:
    keys = []
    for user in ("../ada", "..%2Fada", "ada", "Ada"):
        job_id = await run.submitted(user=user)
        fal.complete(list(fal.requests)[-1], small_video())
        keys.append((await run.finished(job_id, user=user))["key"])
    folders = {key.split("/")[1] for key in keys}
    assert len(folders) == 4
    assert all(key.startswith("users/") and ".." not in key.split("/") for key in keys)


@pytest.mark.parametrize("query", [{}, {"jobId": ""}, {"jobId": "x" * 201}, {"jobId": "a\nb"}])
async def test_status_without_a_job_is_refused(run: Running, query: dict[str, str]) -> None:
    assert_problem(await run.get("/api/templates/video/status", **query), 400, "invalid_query")


async def test_unknown_routes_and_methods_are_told_so(run: Running) -> None:
    assert_problem(await run.get("/api/nothing"), 404, "not_found")
    assert_problem(await run.client.post("/api/webhooks/fal/"), 404, "not_found")
    refused = await run.get(SUBMIT)
    assert_problem(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "POST"
    assert_problem(await run.client.delete("/api/credits"), 405, "method_not_allowed")


@pytest.mark.parametrize(
    "path",
    [
        "/media/users/ada/library/x.mp4",
        "/media/users/ada/library/x.mp4?expires=99999999999&signature=00",
        "/media/../.signing-key",
        "/media/.signing-key?expires=99999999999&signature=00",
    ],
)
async def test_media_without_a_signature_is_not_found(run: Running, path: str) -> None:
    assert_problem(await run.client.get(path), 404, "not_found")


async def pages(run: Running, **query: str) -> list[str]:
    """Read the library two videos at a time, and return their jobs."""
    seen: list[str] = []
    for _ in range(20):
        page = await run.library(limit=2, **query)
        seen += [video["jobId"] for video in page["videos"]]
        if page["nextCursor"] is None:
            return seen
        query["cursor"] = page["nextCursor"]
    raise AssertionError(f"no end after {seen}")


async def test_library_is_read_page_by_page(run: Running, fal: FalStandIn) -> None:
    jobs = []
    for number in range(5):
        jobs.append(await run.submitted(template="poster-parallax"))
        fal.complete(list(fal.requests)[-1], small_video(seed=number))
        await run.finished(jobs[-1])
    assert await pages(run) == jobs[::-1]
    assert len((await run.library())["videos"]) == 5


async def list_videos(run: Running, count: int, at: str) -> None:
    """Put videos of two templates into the library, in turn."""
    for number in range(count):
        await run.rows(
            f"CREATE library_video:job{number} SET user = 'ada', key = 'k{number}', title = 't', "
            f"template_slug = 'slug-{number % 2}', bytes = 1, duration_seconds = 1.0, "
            f"width = 1, height = 1, created_at = {at.format(number=number)}"
        )


@pytest.mark.unaudited  # nobody has made them
async def test_videos_of_one_instant_are_all_on_some_page(run: Running) -> None:
    await list_videos(run, 7, at="d'2025-10-08T10:00:00.123456Z'")
    assert sorted(await pages(run)) == [f"job{number}" for number in range(7)]


@pytest.mark.unaudited
async def test_library_is_narrowed_to_a_template(run: Running) -> None:
    await list_videos(run, 7, at="d'2025-10-08T10:00:0{number}Z'")
    assert await pages(run, templateSlug="slug-0") == ["job6", "job4", "job2", "job0"]
    assert await pages(run, templateSlug="slug-1") == ["job5", "job3", "job1"]
    assert await pages(run, templateSlug="no-such") == []


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
async def test_page_that_cannot_be_is_refused(run: Running, query: dict[str, str]) -> None:
    assert_problem(await run.get("/api/library", **query), 400, "invalid_query")


async def test_catalogue_lists_what_a_form_needs(run: Running) -> None:
    catalogue = (await run.client.get("/api/templates")).json()["templates"]
    assert len(catalogue) >= 8
    for template in catalogue:
        assert template.keys() == {
            "slug",
            "title",
            "description",
            "credits",
            "falModel",
            "variables",
        }
        for variable in template["variables"]:
            assert {"name", "label", "type", "required"} <= variable.keys()


async def test_new_template_needs_only_a_row(run: Running) -> None:
    await run.rows(
        "CREATE template:`brand-new` SET title = 'New', description = '', credits = 1, "
        "fal_model = 'fal-ai/new/model', image_field = 'picture', prompt = 'Go', "
        "arguments = { duration: 7 }, variables = []"
    )
    assert (await run.submit(template="brand-new")).status_code == 202


async def test_first_look_at_the_credits_opens_the_account_once(run: Running) -> None:
    looks = await asyncio.gather(*(run.credits() for _ in range(20)))
    assert all(look == looks[0] for look in looks)
    assert looks[0]["available"] == 100
    assert [entry["kind"] for entry in looks[0]["entries"]] == ["grant"]


async def test_times_are_rfc3339_in_utc(run: Running) -> None:
    job = await run.status(await run.submitted())
    for name in ("createdAt", "updatedAt"):
        assert job[name].endswith("Z")
        assert datetime.fromisoformat(job[name]).utcoffset() == timedelta(0)

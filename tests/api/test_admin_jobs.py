"""The back office finds jobs, and reads their whole story."""
# ruff: noqa: S608 the statements are put together from constants

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.openapi import INTERFACE
from tests.support.refusals import assert_problem
from tests.support.service import Running, png
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer

FAR = "d'+12000-01-01T00:00:00Z'"


async def jobs(run: Running, query: str = "") -> dict[str, Any]:
    answer = await run.administer("GET", f"jobs?{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def listed(run: Running, query: str = "", *, limit: int = 2) -> list[str]:
    """Read all pages, and return the ids of their jobs."""
    seen: list[str] = []
    cursor = ""
    for _ in range(30):
        page = await jobs(run, f"{query}&limit={limit}{cursor}")
        seen += [job["jobId"] for job in page["jobs"]]
        if page["nextCursor"] is None:
            return seen
        cursor = f"&cursor={page['nextCursor']}"
    raise AssertionError(f"the pages do not end: {seen}")


async def completed(run: Running, fal: FalStandIn, *, user: str = "ada", seed: int = 0) -> str:
    job_id = await run.submitted(user=user)
    fal.complete(fal.newest, small_video(seed=seed))
    await run.finished(job_id, user=user)
    return job_id


async def add_jobs(run: Running, times: list[str]) -> None:
    """Add finished jobs of the replaced stack, whose times have nanoseconds."""
    for number, time in enumerate(times):
        await run.rows(
            f"CREATE video_job:job{number} SET user = 'ada', user_email = 'ada', "
            "template_slug = 'dance-floor', fal_model = 'm', status = 'failed', "
            f"created_at = d'{time}'"
        )


async def test_jobs_of_all_users_are_listed_newest_first_in_pages(
    run: Running, fal: FalStandIn
) -> None:
    made = [await completed(run, fal, user=user, seed=n) for n, user in enumerate(("ada", "bob"))]
    made.append(await run.submitted(user="eve"))
    assert await listed(run) == made[::-1]
    assert await listed(run, limit=1) == made[::-1]
    assert await listed(run, "user=bob") == [made[1]]
    assert await listed(run, "status=completed") == made[1::-1]
    assert await listed(run, "status=pending&user=eve") == [made[2]]
    assert await listed(run, "status=pending&user=bob") == []
    assert await listed(run, "user=nobody") == []


async def test_a_listed_job_is_its_status_with_what_only_the_back_office_sees(
    run: Running, fal: FalStandIn
) -> None:
    done = await completed(run, fal)
    (job,) = (await jobs(run))["jobs"]
    own = await run.status(done)
    assert {name: value for name, value in job.items() if name in own} == own
    assert (await run.client.get(job["url"])).status_code == 200
    rest = {name: value for name, value in job.items() if name not in own}
    assert rest == {
        "user": "ada",
        "userEmail": "ada",
        "requestId": fal.newest,
        "attempts": 1,
        "dueAt": None,
    }


async def test_a_job_in_trouble_says_so(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted()
    fal.advance(fal.newest, "IN_PROGRESS")
    await run.rows(
        "UPDATE video_job SET trouble = { kind: 'status', message: 'fal is away.', count: 3, "
        "since: time::now(), until: time::now() }"
    )
    (job,) = (await jobs(run))["jobs"]
    assert job["jobId"] == job_id
    assert job["dueAt"] is not None
    trouble = job["trouble"]
    assert trouble.pop("since") <= datetime.now(UTC).isoformat()
    assert trouble == {"kind": "status", "message": "fal is away.", "count": 3}


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_no_job_is_skipped_or_shown_twice_among_those_of_one_microsecond(
    run: Running, limit: int
) -> None:
    of_one = "2025-10-08T10:00:00.123456"
    # In another order than their ids, and two that are equal.
    nanoseconds = [900, 100, 500, 500, 0, 999, 1]
    times = [f"{of_one}{each:03}Z" for each in nanoseconds]
    await add_jobs(run, [*times, "2025-10-08T10:00:00.123457Z", "2025-10-08T10:00:00.123455999Z"])
    newest_first = [f"job{number}" for number in (7, 5, 0, 3, 2, 1, 6, 4, 8)]
    for query in ("", "user=ada", "status=failed", "user=ada&status=failed"):
        assert await listed(run, query, limit=limit) == newest_first


@pytest.mark.unaudited  # the damage is what it is about
async def test_rows_with_impossible_times_or_values_do_not_break_a_page(run: Running) -> None:
    sound = [await run.submitted() for _ in range(2)]
    times = [f"d'2025-10-08T10:00:0{number}Z'" for number in range(5)]
    await run.rows("DEFINE FIELD OVERWRITE stage ON video_job TYPE any")
    await add_jobs(run, [time[2:-1] for time in times])
    await run.rows("DELETE video_job:job3 RETURN NONE")
    await run.rows(
        "CREATE video_job:job3 SET user = 'ada', user_email = 'ada', template_slug = 't', "
        f"fal_model = 'm', status = 'failed', created_at = {FAR} RETURN NONE"
    )
    await run.rows(f"UPDATE video_job:job1 SET completed_at = {FAR}, due_at = {FAR} RETURN NONE")
    await run.rows(
        "UPDATE video_job:job2 SET trouble = { kind: 'status', message: 'm', count: 1, "
        f"since: {FAR}, until: {FAR} }}, lease = {{ holder: 'h', until: {FAR} }} RETURN NONE"
    )
    await run.rows("UPDATE video_job:job4 SET stage = 'dreaming'")
    assert await listed(run) == [*sound[::-1], "job4", "job2", "job1", "job0"]
    for job in "job1", "job2", "job3", "job4":
        assert (await run.administer("GET", f"jobs/{job}")).status_code == 200


@pytest.mark.unaudited  # the damage is what it is about
@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("stage = 'dreaming'", "'dreaming' is not a valid Stage"),
        ("user_email = NONE", "user_email"),
        (f"variables = {{ when: {FAR} }}", "the driver cannot read"),
    ],
)
async def test_a_job_that_cannot_be_read_is_listed_with_its_problem_and_has_a_story(
    run: Running, damage: str, problem: str
) -> None:
    sound, odd = await run.submitted(), await run.submitted()
    await run.wait_for_background()
    for field in ("stage", "user_email"):
        await run.rows(f"DEFINE FIELD OVERWRITE {field} ON video_job TYPE any")
    await run.rows(f"UPDATE type::record('video_job', $job) SET {damage} RETURN NONE", job=odd)
    page = await run.administer("GET", "jobs")
    INTERFACE.check(page)
    shown, other = page.json()["jobs"]
    assert shown.keys() == {"jobId", "problem"}
    assert shown["jobId"] == odd
    assert problem in shown["problem"]
    assert (other["jobId"], other["status"]) == (sound, "pending")
    answer = await run.administer("GET", f"jobs/{odd}")
    INTERFACE.check(answer)
    story = answer.json()
    assert story["job"] == shown
    assert [event["stage"] for event in story["events"]] == ["submitting", "queued"]
    assert [entry["kind"] for entry in story["entries"]] == ["hold"]
    assert [each["bytes"] for each in story["stored"]] == [len(png())]


@pytest.mark.unaudited  # the damage is what it is about
async def test_a_story_shows_events_and_entries_of_impossible_times(run: Running) -> None:
    job_id = await run.submitted()
    for table in ("video_job_event", "credit_entry"):
        await run.rows(f"REMOVE EVENT {table}_append_only ON {table}")
    await run.rows("DEFINE FIELD OVERWRITE created_at ON credit_entry TYPE datetime")
    await run.rows("DEFINE FIELD OVERWRITE at ON video_job_event TYPE datetime")
    await run.rows(f"UPDATE video_job_event SET at = {FAR} WHERE stage = 'queued' RETURN NONE")
    await run.rows(f"UPDATE credit_entry SET created_at = {FAR} RETURN NONE")
    answer = await run.administer("GET", f"jobs/{job_id}")
    assert answer.status_code == 200, answer.text
    story = answer.json()
    assert story["job"]["status"] == "pending"
    assert [event["at"][:4] for event in story["events"]][1:] == ["9999"]
    assert [entry["createdAt"][:4] for entry in story["entries"]] == ["9999"]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=ten", "cursor=!!", "status=done", "status=", "user=", f"user={'x' * 129}"],
)
async def test_a_wrong_query_is_refused(run: Running, query: str) -> None:
    assert_problem(await run.administer("GET", f"jobs?{query}"), 400, "invalid_query")


async def test_the_story_of_a_job_has_its_events_entries_and_objects(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await completed(run, fal)
    story = (await run.administer("GET", f"jobs/{job_id}")).json()
    assert story["job"] == (await jobs(run))["jobs"][0]
    stages = [event["stage"] for event in story["events"]]
    assert stages == ["submitting", "queued", "storing", "done"]
    assert [event["number"] for event in story["events"]] == [1, 2, 3, 4]
    assert [(each["kind"], each["credits"]) for each in story["entries"]] == [
        ("hold", 10),
        ("charge", 10),
    ]
    key = story["job"]["key"]
    video, poster, start_image = story["stored"]
    assert video == {"key": key, "bytes": len(small_video()), "owner": job_id}
    assert poster["key"] == key.replace(".mp4", ".jpg")
    assert poster["bytes"] > 0
    assert start_image == {
        "key": f"users/ada/start/{job_id}.png",
        "bytes": len(png()),
        "owner": job_id,
    }


async def test_the_story_of_a_job_without_a_video_has_only_its_start_image(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted()
    await run.wait_for_background()
    (stored,) = (await run.administer("GET", f"jobs/{job_id}")).json()["stored"]
    assert stored["key"] == f"users/ada/start/{job_id}.png"
    fal.fail(fal.newest, detail="Blocked")
    await run.finished(job_id)
    story = (await run.administer("GET", f"jobs/{job_id}")).json()
    assert story["events"][-1]["error"] == {"code": "fal_rejected", "message": "Blocked"}
    assert [each["kind"] for each in story["entries"]] == ["hold", "release"]


@pytest.mark.unaudited  # the object is missing
async def test_an_object_that_is_missing_has_no_size(run: Running, fal: FalStandIn) -> None:
    job_id = await completed(run, fal)
    story = (await run.administer("GET", f"jobs/{job_id}")).json()
    await run.service.storage.delete(story["job"]["key"])
    again = (await run.administer("GET", f"jobs/{job_id}")).json()
    assert again["stored"][0] == {"key": story["job"]["key"], "bytes": None}


@pytest.mark.unaudited  # the storage is gone
async def test_a_storage_that_is_away_hides_nothing_else(run: Running, fal: FalStandIn) -> None:
    job_id = await completed(run, fal)
    run.lose_storage()
    story = (await run.administer("GET", f"jobs/{job_id}")).json()
    assert story["stored"] is None
    assert "STORAGE_DIR" in story["storedError"]
    assert story["job"]["status"] == "completed"
    assert len(story["entries"]) == 2
    (job,) = (await jobs(run))["jobs"]
    assert job["key"]


async def test_a_storage_that_hangs_hides_nothing_else_and_is_not_waited_for(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await completed(run, fal)

    async def hang(*_: object, **__: object) -> None:
        await run.service.stopping.wait()

    with monkeypatch.context() as patched:
        patched.setattr(run.service.storage, "find", hang)
        began = datetime.now(UTC)
        story = (await run.administer("GET", f"jobs/{job_id}")).json()
        assert (datetime.now(UTC) - began).total_seconds() < 2
    assert (story["stored"], story["storedError"]) == (None, "The storage does not answer in time.")


@pytest.mark.parametrize("job_id", ["no-such-job", "x" * 201, "%C3%A9"])
async def test_the_story_of_no_job_is_a_404(run: Running, job_id: str) -> None:
    assert_problem(await run.administer("GET", f"jobs/{job_id}"), 404, "job_not_found")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "jobs", None),
        ("GET", "jobs/x", None),
        ("POST", "jobs/x/fail", {"reason": "r"}),
        ("GET", "users/ada", None),
        ("PATCH", "users/ada", {"suspended": True}),
        ("PATCH", "templates/poster-parallax", {"enabled": False}),
    ],
)
async def test_a_user_cannot_use_the_back_office(
    run: Running, method: str, path: str, body: dict[str, Any] | None
) -> None:
    for headers in ({}, bearer("ada"), {"Authorization": "Bearer wrong"}):
        answer = await run.client.request(method, f"/api/admin/{path}", json=body, headers=headers)
        assert_problem(answer, 401, "unauthenticated")
    assert await run.rows("SELECT * FROM admin_action") == []
    await run.submitted(user="ada", template="poster-parallax", image=png())

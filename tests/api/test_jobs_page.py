"""``GET /api/jobs``: a user's jobs of every status, newest first, in pages."""

import base64
import re
from datetime import timedelta
from typing import Any

import pytest

from app.domain.job import Status
from app.domain.page import PageRequest, Place
from tests.support.legacy import LEGACY_TIME, legacy_row
from tests.support.refusals import assert_problem
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

STATUSES = ("pending", "processing", "completed", "failed", "cancelled")


async def listed(run: Running, *, user: str = "ada", limit: int = 2, **query: str) -> list[str]:
    """Read all pages, and return the ids of the jobs."""
    seen: list[str] = []
    for _ in range(30):
        page = (await run.get("/api/jobs", user=user, limit=limit, **query)).json()
        assert len(page["jobs"]) <= limit
        seen += [job["jobId"] for job in page["jobs"]]
        if page["nextCursor"] is None:
            return seen
        query["cursor"] = page["nextCursor"]
    raise AssertionError(f"the pages do not end: {seen}")


async def add(run: Running, job: str, created_at: str, **fields: Any) -> None:
    """Write a row as the legacy stack did, with a time in nanoseconds."""
    row = legacy_row(job, fal_model="fal-ai/test") | fields
    await run.rows(
        "INSERT INTO video_job object::extend($row, { created_at: <datetime> $at }) RETURN NONE",
        row=row,
        at=created_at,
    )


async def test_each_job_is_the_object_that_its_status_answers(
    run: Running, fal: FalStandIn
) -> None:
    completed = await run.submitted()
    fal.complete(fal.newest, small_video())
    await run.finished(completed)
    failed = await run.submitted()
    fal.fail(fal.newest, 422, [{"msg": "Blocked", "type": "policy"}])
    await run.finished(failed)
    cancelled = await run.submitted()
    await run.cancel(cancelled)
    await run.finished(cancelled)
    processing = await run.submitted()
    fal.advance(fal.newest, "IN_PROGRESS")
    await run.status(processing)
    pending = await run.submitted(variables={"headline": "Grüße"})
    jobs = [pending, processing, cancelled, failed, completed]
    await run.wait_for_background()  # the start images are recorded

    answer = await run.get("/api/jobs")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["nextCursor"] is None
    assert answer.json()["jobs"] == [await run.status(job) for job in jobs]
    assert answer.json()["jobs"][-1]["url"].startswith("/media/")
    assert await listed(run) == jobs
    by_status = zip(STATUSES, [pending, processing, completed, failed, cancelled], strict=True)
    for status, job in by_status:
        assert await listed(run, status=status) == [job]


@pytest.mark.unaudited  # the rows have no events
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_jobs_of_one_microsecond_are_listed_once_newest_first(
    run: Running, limit: int
) -> None:
    times = [*range(123456001, 123456999, 142), 123455999, 123457000, 123456500, 123456500]
    ages = {f"job-{number}": f"{nanos:09}" for number, nanos in enumerate(times)}
    for job, nanos in ages.items():
        await add(run, job, f"2025-03-01T10:00:00.{nanos}Z")
    expected = sorted(ages, key=lambda job: (ages[job], job), reverse=True)
    assert await listed(run, limit=limit) == expected
    assert await listed(run, limit=limit, status="completed") == expected


@pytest.mark.unaudited  # the rows have no events
async def test_legacy_status_words_are_listed_under_the_status_that_they_show(
    run: Running,
) -> None:
    await run.rows("DEFINE FIELD OVERWRITE status ON video_job TYPE string")
    for number, word in enumerate(("completed", "IN_QUEUE", "failed", "a word", "pending")):
        await add(run, word.replace(" ", "-"), f"2025-03-01T10:00:0{number}.5Z", status=word)
    pending = ["pending", "a-word", "IN_QUEUE"]
    assert await listed(run, status="pending") == pending
    page = (await run.get("/api/jobs", status="pending")).json()
    assert {job["status"] for job in page["jobs"]} == {"pending"}
    assert await listed(run, status="failed") == ["failed"]
    assert len(await listed(run)) == 5


@pytest.mark.unaudited  # damaged rows
@pytest.mark.parametrize(
    "damage",
    [
        "stage = 'dreaming'",
        "completed_at = d'+12000-01-01T00:00:00Z'",
        "variables = { when: d'+12000-01-01T00:00:00Z' }",
    ],
)
async def test_a_row_that_cannot_be_read_is_left_out_and_logged(
    run: Running, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    await run.rows("DEFINE FIELD OVERWRITE stage ON video_job TYPE option<string>")
    jobs = [f"job-{number}" for number in range(6)]
    for number, job in enumerate(jobs):
        await add(run, job, f"2025-03-01T10:00:0{number}Z")
    for broken in ("job-1", "job-4", "job-5"):
        await run.rows(
            f"UPDATE type::record('video_job', $job) SET {damage} RETURN NONE",  # noqa: S608 constants
            job=broken,
        )
    for limit in (1, 2, 3, 10):
        assert await listed(run, limit=limit) == ["job-3", "job-2", "job-0"]
    assert "job-4` cannot be read" in caplog.text.replace("⟩", "`")


@pytest.mark.parametrize(
    "query",
    [
        {"status": ""},
        {"status": "PENDING"},
        {"status": "done"},
        {"limit": "0"},
        {"limit": "101"},
        {"cursor": "!!"},
        {"cursor": base64.urlsafe_b64encode(b"2025-10-08T10:00:00 job").decode()},
    ],
)
async def test_an_invalid_query_is_refused(run: Running, query: dict[str, str]) -> None:
    assert_problem(await run.get("/api/jobs", **query), 400, "invalid_query")


@pytest.mark.unaudited  # the rows have no events
@pytest.mark.parametrize("status", ["completed", "pending"])
async def test_a_whole_second_comes_before_its_parts_whatever_the_index_says(
    run: Running, status: str
) -> None:
    parts = ("", ".000000001", ".000001", ".1", ".5", ".999999999")
    for number, part in enumerate(parts):
        await add(run, f"job-{number}", f"2025-03-01T10:00:00{part}Z", status=status)
    expected = [f"job-{number}" for number in reversed(range(len(parts)))]
    for limit in (1, 2, 5):
        assert await listed(run, limit=limit) == expected
        assert await listed(run, limit=limit, status=status) == expected


async def test_another_users_jobs_are_not_listed_even_with_a_cursor(run: Running) -> None:
    await run.submitted()
    await run.submitted()
    cursor = (await run.get("/api/jobs", limit=1)).json()["nextCursor"]
    assert await listed(run, user="eve") == await listed(run, user="eve", cursor=cursor) == []
    assert_problem(await run.client.get("/api/jobs"), 401, "unauthenticated")


@pytest.mark.unaudited  # the rows have no events
@pytest.mark.parametrize("status", [None, Status.FAILED])
@pytest.mark.parametrize("user", ["ada", None])
async def test_a_page_reads_a_batch_of_rows_by_its_index(
    run: Running, monkeypatch: pytest.MonkeyPatch, user: str | None, status: Status | None
) -> None:
    """The engine stops at the LIMIT, from any place on, for a user and for the back office."""
    times = [LEGACY_TIME + timedelta(seconds=number) for number in range(300)]
    for each in ("failed", "completed"):
        rows = [
            legacy_row(f"{each}-{at:%M%S}", each, created_at=at, fal_model="fal-ai/test")
            for at in times
        ]
        await run.rows("INSERT INTO video_job $rows RETURN NONE", rows=rows)
    plans: list[dict[str, Any]] = []
    query = run.service.database.query

    async def explained(statement: str, **variables: Any) -> Any:
        assert (variables["window"] is None) == bool(user or status)
        reads = re.findall(r"LET \$(?:near|read) =\s+(SELECT.+?);", statement, re.DOTALL)
        end = variables["until"]
        since = LEGACY_TIME - timedelta(days=1)
        plans.extend(
            [
                await query(f"{read} EXPLAIN FULL", end=end, since=since, **variables)
                for read in reads
            ]
        )
        return await query(statement, **variables)

    monkeypatch.setattr(run.service.database, "query", explained)
    pages = run.service.job_pages
    for after in (None, Place(time=times[150], id="completed-0230")):
        page = PageRequest(limit=5, after=after)
        if user is None:
            found = await pages.for_support(page, user=None, status=status)
        else:
            found = await pages.of_user(user, page, status)
        assert len(found) == 6
    assert len(plans) == (2 if user or status else 4)
    for scan in plans:
        while scan["operator"] != "IndexScan":
            (scan,) = scan["children"]  # noqa: PLW2901 down to the leaf
        assert scan["attributes"]["limit"] in {"$most", "1"}
        assert scan["metrics"]["output_rows"] < 200

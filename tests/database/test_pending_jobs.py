"""A page of a user's pending jobs costs the same however many other jobs the user has."""

import re
from datetime import timedelta
from typing import Any

import pytest

from app.domain.job import Status
from app.domain.page import PageRequest, Place
from tests.support.legacy import LEGACY_TIME, legacy_row
from tests.support.service import Running

ENDED = ("completed", "failed", "cancelled")
WORDS = ("", "IN_QUEUE", "complete", "done", "pending", "waiting")
"""The legacy stack's own, before, between and behind those of this service."""
JOBS = 150
"""Of each word."""
LIMIT = 20


@pytest.mark.unaudited  # the rows have no events
async def test_a_page_of_pending_jobs_reads_a_batch_of_each_word_by_an_index(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run.rows("DEFINE FIELD OVERWRITE status ON video_job TYPE string")
    for word in (*ENDED, "processing", *WORDS):
        rows = [
            legacy_row(
                f"{word}-{number}",
                word,
                created_at=LEGACY_TIME + timedelta(seconds=number),
                fal_model="fal-ai/test",
            )
            for number in range(JOBS)
        ]
        await run.rows("INSERT INTO video_job $rows RETURN NONE", rows=rows)
    plans: list[str] = []
    query = run.service.database.query

    async def explained(statement: str, **variables: Any) -> Any:
        for read in re.findall(
            r"SELECT [^;()]+? WHERE user .+? LIMIT [$\w]+", statement, re.DOTALL
        ):
            plan = await query(f"{read} EXPLAIN FULL", end=variables.get("until"), **variables)
            plans.append(str(plan))
        return await query(statement, **variables)

    monkeypatch.setattr(run.service.database, "query", explained)
    after, seen = None, []
    while True:
        page = PageRequest(limit=LIMIT, after=after)
        found = await run.service.job_pages.of_user("ada", page, Status.PENDING)
        seen += [each.place for each in found[:LIMIT]]
        if len(found) <= LIMIT:
            break
        after = found[LIMIT - 1].place
    assert seen == sorted(
        (
            Place(time=LEGACY_TIME + timedelta(seconds=number), id=f"{word}-{number}")
            for word in WORDS
            for number in range(JOBS)
        ),
        key=lambda place: (place.time, place.id),
        reverse=True,
    )
    read = [int(rows) for plan in plans for rows in re.findall(r"output_rows': (\d+)", plan)]
    assert max(read) <= LIMIT + 100
    assert all("video_job_user_status" in plan for plan in plans)


async def test_a_user_without_jobs_has_no_pending_ones(run: Running) -> None:
    page = PageRequest(limit=LIMIT, after=None)
    assert await run.service.job_pages.of_user("nobody", page, Status.PENDING) == []

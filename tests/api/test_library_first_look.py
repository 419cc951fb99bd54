"""A library with videos from before its search is shown at once, and the same as later."""

from typing import Any

import pytest

from app.problems import DatabaseUnavailable
from app.settings import Settings
from tests.support.seams import FailingSeam
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn

pytestmark = pytest.mark.unaudited  # the rows have no jobs

QUERIES: list[dict[str, str]] = [
    {},
    {"q": "STRASSE"},
    {"q": "no such title"},
    {"favourite": "true"},
    {"favourite": "false"},
    {"templateSlug": "even"},
    {"templateSlug": "even", "favourite": "false", "q": "straße"},
]
_FILL = """
FOR $number IN 0..12 {
  CREATE type::record('library_video', 'job-' + <string> ($number * 7 % 12)) SET
    user = IF $number = 11 { 'eve' } ELSE { 'ada' }, key = 'k', bytes = 1,
    title = IF $number % 3 = 0 { 'Night' } ELSE { 'Straße ' + <string> $number },
    template_slug = IF $number % 2 = 0 { 'even' } ELSE { 'odd' },
    favourite = [NONE, true, false][$number % 3],
    created_at = d'2025-10-08T10:00:00Z' + duration::from_micros(math::floor($number / 4)),
    deleted_at = IF $number = 5 { time::now() } ELSE { NONE };
};
DELETE library_search;
"""


async def listed(run: Running, **query: Any) -> list[str]:
    """Return the ids of all pages."""
    ids: list[str] = []
    while True:
        page = await run.library(limit=2, **query)
        ids += [video["jobId"] for video in page["videos"]]
        if page["nextCursor"] is None:
            return ids
        query["cursor"] = page["nextCursor"]


async def test_pages_are_the_same_before_and_after_the_videos_are_added_and_in_between(
    settings: Settings, fal: FalStandIn
) -> None:
    seam = FailingSeam(DatabaseUnavailable(), "db.library::add_to_search")
    async with running(settings, fal, seam=seam) as run:
        await run.service.database.run_script(_FILL)
        before = [await listed(run, **query) for query in QUERIES]
        cursors = [(await run.library(limit=2, **query))["nextCursor"] for query in QUERIES]
        await run.wait_for_background()
        assert await run.rows("SELECT * FROM library_search") == []
        seam.name = "none"
        await run.library()
        await run.wait_for_background()
        assert len(await run.rows("SELECT * FROM library_search")) == 1 + 10
        assert [await listed(run, **query) for query in QUERIES] == before
        assert list(map(len, before)) == [10, 6, 0, 4, 6, 6, 2]
        for query, cursor, ids in zip(QUERIES, cursors, before, strict=True):
            rest = await listed(run, **query, cursor=cursor) if cursor else []
            assert rest == ids[2:]

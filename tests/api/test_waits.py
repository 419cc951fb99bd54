"""The catalogue says how long the latest videos of each template took, and waits for nothing."""

import asyncio

import pytest

from app.database.errors import StatementRejected
from app.domain.waiting import WaitRange
from app.jobs import waits
from app.jobs.waits import Waits
from app.problems import DatabaseUnavailable
from app.server.tasks import BackgroundTasks
from tests.support.service import Running

MADE = """{
LET $completed = time::now() - $age;
FOR $made IN $waits.map(|$seconds, $n| { id: $slug + <string> $n, seconds: $seconds }) {
  CREATE type::record('video_job', $made.id) SET
    user = 'eve', user_email = 'eve', template_slug = $slug, variables = {}, fal_model = 'm',
    status = 'completed', created_at = $completed - duration::from_secs($made.seconds);
  CREATE type::record('library_video', $made.id) SET
    user = 'eve', key = $made.id, title = 't', template_slug = $slug, bytes = 1,
    created_at = $completed;
}}"""

MADE_BEFORE_ITS_JOB = """{
FOR $job IN ['ahead', 'lost'] {
  CREATE type::record('library_video', $job) SET
    user = 'eve', key = $job, title = 't', template_slug = 'gentle-zoom', bytes = 1
};
CREATE video_job:ahead SET
  user = 'eve', user_email = 'eve', template_slug = 'gentle-zoom', variables = {}, fal_model = 'm',
  status = 'completed', created_at = time::now() + 1h
}"""
"""As after a clock that was set back, and as after rows were restored by hand."""


async def _shown(run: Running) -> dict[str, dict[str, int] | None]:
    templates = (await run.client.get("/api/templates")).json()["templates"]
    return {each["slug"]: each.get("waitSeconds") for each in templates}


@pytest.mark.unaudited  # the videos have no charge
async def test_the_wait_is_the_range_of_recent_videos_without_outliers(run: Running) -> None:
    made = run.service.database.query
    usual = [40, 55, 61, 70, 48, 52, 66, 59, 45, 50]
    await made(MADE.replace("$age", "1d"), slug="gentle-zoom", waits=[2, *usual, 3600])
    await made(MADE.replace("$age", "40d"), slug="portrait-alive", waits=usual)
    await made(MADE.replace("$age", "1d"), slug="dance-floor", waits=[50] * 4)
    await made(MADE_BEFORE_ITS_JOB)
    assert set((await _shown(run)).values()) == {None}  # the first answer waits for no look
    await run.wait_for_background()
    found = {slug: wait for slug, wait in (await _shown(run)).items() if wait}
    assert found == {"gentle-zoom": {"from": 40, "to": 70}}


@pytest.mark.parametrize("failure", [DatabaseUnavailable("away"), StatementRejected("a bug")])
async def test_what_is_known_is_answered_while_the_database_hangs_or_fails(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    now, loads, found = 0.0, 0, WaitRange(shortest=1, longest=2)
    answers: asyncio.Queue[dict[str, WaitRange] | Exception] = asyncio.Queue()

    async def load() -> dict[str, WaitRange]:
        nonlocal loads
        loads += 1
        answer = await answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer

    background = BackgroundTasks()
    known = Waits(load, background, clock=lambda: now)
    assert [known.known, known.known] == [{}, {}]  # one load hangs for both
    answers.put_nowait(failure)
    await background.drain(1)
    for _ in range(2):  # asked and logged once a minute, however many look at the catalogue
        assert known.known == {}
        await background.drain(1)
    assert (loads, len(caplog.records)) == (1, 1)
    now += waits.LIFETIME
    answers.put_nowait({"zoom": found})
    assert known.known == {}
    await background.drain(1)
    assert known.known == {"zoom": found}
    now += waits.LIFETIME
    assert known.known == {"zoom": found}  # old, while the next load hangs
    await background.drain(0)

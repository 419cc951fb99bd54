"""Everything that fal is feared for, as one table: what it does, what the user sees, what it costs.

Each line is a whole life of a job. The user clicks once and polls; fal does what the line says to
one of its calls, once or for good; then a quarter of an hour passes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from app.jobs import snapshots
from app.settings import Settings
from tests.support.clock import pass_time
from tests.support.ledger import CHARGED, HELD, RELEASED
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import (
    NGINX_BAD_GATEWAY,
    NO_VIDEO,
    Alter,
    Answer,
    Drop,
    Endless,
    Fault,
    Hang,
    Truncate,
)
from tests.support.stand_ins.videos import small_video

VIDEO = small_video()
ONCE, FOR_GOOD = 1, None
BOTH_STORES = "upload initiate"
"""fal's CDN, and the bucket behind it."""
COMPLETED = "completed"
ABROAD = {"video": {"url": "https://evil.example/video.mp4"}}
SLOW_DOWN = Answer(429, {"detail": "slow down"}, {"Retry-After": "7"})
HTML = Answer(200, "<html>maintenance</html>", {"Content-Type": "text/html"})
ELSEWHERE = Answer(302, "", {"Location": "https://evil.example/video.mp4"})
BLOCKED = [{"msg": "Blocked by the content policy", "type": "content_policy_violation"}]

Ends = Callable[[FalStandIn, str], None]


def well(fal: FalStandIn, request: str) -> None:
    fal.complete(request, VIDEO)


def with_a_refusal(fal: FalStandIn, request: str) -> None:
    fal.fail(request, 422, BLOCKED)


def with_nothing(fal: FalStandIn, request: str) -> None:
    fal.complete(request, output={})


def abroad(fal: FalStandIn, request: str) -> None:
    fal.complete(request, output=ABROAD)


def never(_fal: FalStandIn, _request: str) -> None:
    """Stay in the queue."""


def forgotten(fal: FalStandIn, request: str) -> None:
    del fal.requests[request]


@dataclass(frozen=True)
class Line:
    """``answer`` is the submit's, ``sees`` the job's error code in the end, or its status."""

    fal: str
    sees: str
    money: tuple[int, int, list[str]]
    call: str = ""
    fault: Callable[[], Fault] | None = None
    lasts: int | None = ONCE
    ends: Ends = well
    answer: int = 202
    submits: int = 1
    fetches: int = 1


def refused(what: str, code: str, fault: Fault, *, call: str = "submit") -> Line:
    """Return a line on a submit that is answered with 502: nothing is left but a failed job."""
    submits = 1 if call == "submit" else 0
    return Line(
        what, code, RELEASED, call, lambda: fault, FOR_GOOD, never, 502, submits=submits, fetches=0
    )


TABLE = [
    # The submit: one POST whatever happens, and a lost answer is not another.
    refused("refuses the upload", "fal_rejected", Answer(400, {"detail": "no"}), call=BOTH_STORES),
    refused("has no storage", "fal_unavailable", Answer(503), call=BOTH_STORES),
    refused("refuses the arguments", "fal_rejected", Answer(422, {"detail": BLOCKED})),
    refused("is at its limit", "fal_unavailable", SLOW_DOWN),
    refused("is down", "fal_unavailable", Answer(500)),
    refused("is behind a broken proxy", "fal_unavailable", NGINX_BAD_GATEWAY),
    Line("has lost its CDN", COMPLETED, CHARGED, "upload", lambda: Answer(503), FOR_GOOD),
    Line("takes the job and drops the line", "submit_unconfirmed", RELEASED, "submit",
         lambda: Drop(after_effect=True), fetches=0),
    Line("drops the line before it takes the job", "submit_unconfirmed", RELEASED, "submit",
         Drop, ends=never, fetches=0),
    Line("takes the job and hangs", "submit_unconfirmed", RELEASED, "submit",
         lambda: Hang(after_effect=True), fetches=0),
    Line("takes the job and answers HTML", "submit_unconfirmed", RELEASED, "submit",
         lambda: HTML, ends=never, fetches=0),
    Line("takes the job and names none", "submit_unconfirmed", RELEASED, "submit",
         lambda: Alter(request_id=None), fetches=0),
    # The status: no word of it ends a job, but that of a request that is gone for good.
    Line("fails the status for good", "pending", HELD, "status",
         lambda: Answer(500), FOR_GOOD, fetches=0),
    Line("limits the status", COMPLETED, CHARGED, "status", lambda: SLOW_DOWN),
    Line("drops the status", COMPLETED, CHARGED, "status", Drop),
    Line("hangs at the status", COMPLETED, CHARGED, "status", Hang),
    Line("answers the status with HTML", COMPLETED, CHARGED, "status", lambda: HTML),
    Line("names no status", COMPLETED, CHARGED, "status", lambda: Alter(status=None)),
    Line("names an unknown status", COMPLETED, CHARGED, "status", lambda: Alter(status="PAUSED")),
    Line("leaves fields out", COMPLETED, CHARGED, "status",
         lambda: Alter(logs=None, metrics=None, response_url=None, queue_position=None), FOR_GOOD),
    Line("forgets the job", "fal_unavailable", RELEASED, ends=forgotten, fetches=0),
    Line("never gets to the job", "pending", HELD, ends=never, fetches=0),
    # The result decides, and it may be late.
    Line("completes with a refusal", "fal_rejected", RELEASED, ends=with_a_refusal, fetches=0),
    Line("completes with nothing", "fal_rejected", RELEASED, ends=with_nothing, fetches=0),
    Line("fails the result once", COMPLETED, CHARGED, "result", lambda: Answer(500)),
    Line("limits the result once", COMPLETED, CHARGED, "result", lambda: SLOW_DOWN),
    Line("drops the result once", COMPLETED, CHARGED, "result", Drop),
    Line("fails the result for good", "fal_unavailable", RELEASED, "result",
         lambda: Answer(503), FOR_GOOD, fetches=0),
    Line("answers the result with HTML for good", "fal_unavailable", RELEASED, "result",
         lambda: HTML, FOR_GOOD, fetches=0),
    # The video: fetched from its own hosts only, whole or not at all, five times at most.
    Line("keeps the video abroad", "video_rejected", RELEASED, ends=abroad, fetches=0),
    Line("redirects abroad", "video_rejected", RELEASED, "media", lambda: ELSEWHERE, FOR_GOOD),
    Line("cuts the video short once", COMPLETED, CHARGED, "media", Truncate, fetches=2),
    Line("cuts the video short for good", "video_unavailable", RELEASED, "media",
         Truncate, FOR_GOOD, fetches=5),
    Line("drops the video once", COMPLETED, CHARGED, "media", Drop, fetches=2),
    Line("serves HTML for a video", "video_unavailable", RELEASED, "media",
         lambda: NO_VIDEO, FOR_GOOD, fetches=5),
    Line("serves a video without end", "video_unavailable", RELEASED, "media",
         Endless, FOR_GOOD, fetches=5),
    Line("has lost the video", "video_unavailable", RELEASED, "media",
         lambda: Answer(404), FOR_GOOD, fetches=5),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _every_poll_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "FRESH", 0.0)
    monkeypatch.setattr(snapshots, "WATCHED", 0.0)


@pytest.mark.parametrize("line", TABLE, ids=lambda line: line.fal.replace(" ", "_"))
async def test_user_sees_and_pays_what_the_table_says(
    settings: Settings, fal: FalStandIn, line: Line
) -> None:
    small = settings.model_copy(update={"submit_timeout": 2.0, "max_video_bytes": 1_000_000})
    fault = line.fault() if line.fault else None
    if fault is not None:
        for call in line.call.split():
            fal.faults.add(call, fault, line.lasts)
    async with running(small, fal) as run:
        job = await _life(run, fal, line, fault)
        assert (job.get("error") or {}).get("code", job["status"]) == line.sees
        assert await run.money() == line.money
        assert (fal.count("submit"), fal.count("media")) == (line.submits, line.fetches)
        assert fal.contacted_hosts == []
        assert len((await run.library())["videos"]) == (line.sees == COMPLETED)
        assert await run.audit() == []


async def _life(run: Running, fal: FalStandIn, line: Line, fault: Fault | None) -> dict[str, Any]:
    """Click, let fal end the job, poll, and let a quarter of an hour pass."""
    answer = await run.submit()
    assert answer.status_code == line.answer
    job_id = answer.json()["jobId"]
    for request_id in list(fal.requests):
        line.ends(fal, request_id)
    for minute in range(12):
        await run.status(job_id)
        if isinstance(fault, Hang):
            fault.released.set()
        await run.wait_for_background()
        await pass_time(run, minute * 80)
    return await run.status(job_id)

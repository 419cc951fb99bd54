"""A table of fal's failures: what fal does, what the user sees, and what the user pays.

Each line is one job. The user submits once and polls, one of fal's calls fails once or always as
the line says, and fifteen minutes pass.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

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
ONCE, ALWAYS = 1, None
BOTH_UPLOADS = "upload initiate"
"""The calls to fal's CDN and to the bucket that replaces it."""
COMPLETED = "completed"
FOREIGN_HOST = {"video": {"url": "https://evil.example/video.mp4"}}
SLOW_DOWN = Answer(429, {"detail": "slow down"}, {"Retry-After": "7"})
HTML = Answer(200, "<html>maintenance</html>", {"Content-Type": "text/html"})
FOREIGN_REDIRECT = Answer(302, "", {"Location": "https://evil.example/video.mp4"})
BLOCKED = [{"msg": "Blocked by the content policy", "type": "content_policy_violation"}]

Ends = Callable[[FalStandIn, str], None]


def with_a_video(fal: FalStandIn, request: str) -> None:
    fal.complete(request, VIDEO)


def with_a_refusal(fal: FalStandIn, request: str) -> None:
    fal.fail(request, 422, BLOCKED)


def with_nothing(fal: FalStandIn, request: str) -> None:
    fal.complete(request, output={})


def with_a_foreign_video(fal: FalStandIn, request: str) -> None:
    fal.complete(request, output=FOREIGN_HOST)


def never(_fal: FalStandIn, _request: str) -> None:
    """Stay in the queue."""


def forgotten(fal: FalStandIn, request: str) -> None:
    del fal.requests[request]


@dataclass(frozen=True)
class Line:
    """``sees`` is the job's final error code or status, ``answer`` the submit's HTTP status."""

    fal: str
    sees: str
    money: tuple[int, int, list[str]]
    call: str = ""
    fault: Callable[[], Fault] | None = None
    lasts: int | None = ONCE
    ends: Ends = with_a_video
    answer: int = 202
    submits: int = 1
    fetches: int = 1


def refused(what: str, code: str, fault: Fault, *, call: str = "submit") -> Line:
    """Return a line whose submit is answered with 502 and leaves a failed job."""
    submits = 1 if call == "submit" else 0
    return Line(
        what, code, RELEASED, call, lambda: fault, ALWAYS, never, 502, submits=submits, fetches=0
    )


TABLE = [
    # The submit: exactly one POST, also if its answer is lost.
    refused("refuses the upload", "fal_rejected", Answer(400, {"detail": "no"}), call=BOTH_UPLOADS),
    refused("has no storage", "fal_unavailable", Answer(503), call=BOTH_UPLOADS),
    refused("refuses the arguments", "fal_rejected", Answer(422, {"detail": BLOCKED})),
    refused("is at its limit", "fal_unavailable", SLOW_DOWN),
    refused("is down", "fal_unavailable", Answer(500)),
    refused("is behind a broken proxy", "fal_unavailable", NGINX_BAD_GATEWAY),
    Line("has lost its CDN", COMPLETED, CHARGED, "upload", lambda: Answer(503), ALWAYS),
    Line("accepts the job and drops the connection", "submit_unconfirmed", RELEASED, "submit",
         lambda: Drop(after_effect=True), fetches=0),
    Line("drops the connection before it accepts the job", "submit_unconfirmed", RELEASED, "submit",
         Drop, ends=never, fetches=0),
    Line("accepts the job and hangs", "submit_unconfirmed", RELEASED, "submit",
         lambda: Hang(after_effect=True), fetches=0),
    Line("answers the submit with HTML", "submit_unconfirmed", RELEASED, "submit",
         lambda: HTML, ends=never, fetches=0),
    Line("accepts the job and names no request", "submit_unconfirmed", RELEASED, "submit",
         lambda: Alter(request_id=None), fetches=0),
    # The status: it ends a job only if fal no longer knows the request.
    Line("always fails the status", "pending", HELD, "status",
         lambda: Answer(500), ALWAYS, fetches=0),
    Line("limits the status", COMPLETED, CHARGED, "status", lambda: SLOW_DOWN),
    Line("drops the status", COMPLETED, CHARGED, "status", Drop),
    Line("hangs at the status", COMPLETED, CHARGED, "status", Hang),
    Line("answers the status with HTML", COMPLETED, CHARGED, "status", lambda: HTML),
    Line("names no status", COMPLETED, CHARGED, "status", lambda: Alter(status=None)),
    Line("names an unknown status", COMPLETED, CHARGED, "status", lambda: Alter(status="PAUSED")),
    Line("leaves fields out", COMPLETED, CHARGED, "status",
         lambda: Alter(logs=None, metrics=None, response_url=None, queue_position=None), ALWAYS),
    Line("forgets the job", "fal_unavailable", RELEASED, ends=forgotten, fetches=0),
    Line("keeps the job in its queue", "pending", HELD, ends=never, fetches=0),
    # The result decides the outcome, and is retried.
    Line("completes with a refusal", "fal_rejected", RELEASED, ends=with_a_refusal, fetches=0),
    Line("completes with nothing", "fal_rejected", RELEASED, ends=with_nothing, fetches=0),
    Line("fails the result once", COMPLETED, CHARGED, "result", lambda: Answer(500)),
    Line("limits the result once", COMPLETED, CHARGED, "result", lambda: SLOW_DOWN),
    Line("drops the result once", COMPLETED, CHARGED, "result", Drop),
    Line("always fails the result", "fal_unavailable", RELEASED, "result",
         lambda: Answer(503), ALWAYS, fetches=0),
    Line("always answers the result with HTML", "fal_unavailable", RELEASED, "result",
         lambda: HTML, ALWAYS, fetches=0),
    # The video: fetched from fal's hosts only, complete, and at most five times.
    Line("names a video on a foreign host", "video_rejected", RELEASED,
         ends=with_a_foreign_video, fetches=0),
    Line("redirects to a foreign host", "video_rejected", RELEASED, "media",
         lambda: FOREIGN_REDIRECT, ALWAYS),
    Line("cuts the video short once", COMPLETED, CHARGED, "media", Truncate, fetches=2),
    Line("always cuts the video short", "video_unavailable", RELEASED, "media",
         Truncate, ALWAYS, fetches=5),
    Line("drops the video once", COMPLETED, CHARGED, "media", Drop, fetches=2),
    Line("serves HTML instead of a video", "video_unavailable", RELEASED, "media",
         lambda: NO_VIDEO, ALWAYS, fetches=5),
    Line("serves an endless video", "video_unavailable", RELEASED, "media",
         Endless, ALWAYS, fetches=5),
    Line("has lost the video", "video_unavailable", RELEASED, "media",
         lambda: Answer(404), ALWAYS, fetches=5),
]  # fmt: skip


@pytest.mark.usefixtures("every_poll_asks_fal")
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
    """Submit, let fal end the request, poll, and let fifteen minutes pass."""
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

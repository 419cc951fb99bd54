"""Pages of the origins in CORS_ORIGINS may read every answer; others may read none."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.settings import Settings
from tests.support.event_streams import EVENTS, open_stream
from tests.support.problems.scene import FaultySeam
from tests.support.service import SUBMIT, Running, over_a_socket, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import bearer

OURS, ALSO_OURS, THEIRS = (
    "https://app.example.com",
    "http://localhost:5173",
    "https://app.example.com.evil.example",
)
ALLOWED = "access-control-allow-origin"


@pytest.fixture
def seam() -> FaultySeam:
    return FaultySeam()


@pytest.fixture
async def open_run(settings: Settings, fal: FalStandIn, seam: FaultySeam) -> AsyncIterator[Running]:
    """A service that pages of two other origins may call."""
    origins = settings.model_copy(update={"cors_origins": (OURS, ALSO_OURS)})
    async with running(origins, fal, seam=seam) as run:
        run.client.event_hooks = {}  # CORS answers are not a part of the OpenAPI document
        yield run


def preflight(origin: str, method: str, headers: str) -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }


async def test_preflights_of_our_pages_are_answered(open_run: Running) -> None:
    for origin, path, method, headers in (
        (OURS, SUBMIT, "POST", "authorization,idempotency-key"),
        (ALSO_OURS, EVENTS, "GET", "authorization,last-event-id"),
        (OURS, "/api/library/job", "PATCH", "authorization,content-type,x-request-id"),
        (OURS, "/api/library/job", "DELETE", "authorization"),
    ):
        asked = preflight(origin, method, headers)
        answer = await open_run.client.options(path, headers=asked)
        assert answer.status_code == 200, answer.text
        assert answer.headers[ALLOWED] == origin
        assert "origin" in answer.headers["vary"].lower()
        assert "access-control-allow-credentials" not in answer.headers
    refused = await open_run.client.options(SUBMIT, headers=preflight(THEIRS, "POST", "x-other"))
    assert refused.status_code == 400
    assert ALLOWED not in refused.headers


async def test_our_pages_may_read_every_answer_and_error_and_others_none(
    open_run: Running, seam: FaultySeam
) -> None:
    async def ask(origin: str, path: str, **given: str) -> httpx.Response:
        headers = {"Origin": origin} | given
        return await open_run.client.get(path, headers=headers)

    accepted = await open_run.submit(headers={"Origin": OURS})
    exposed = {
        each.strip().lower()
        for each in accepted.headers["access-control-expose-headers"].split(",")
    }
    assert exposed == {"location", "retry-after", "idempotent-replayed", "x-request-id"}
    answers = [
        accepted,
        await ask(OURS, "/api/templates"),
        await ask(OURS, "/assets/latest/video-generation.js"),
        await ask(OURS, "/api/credits"),
        await ask(OURS, "/api/nothing"),
        await open_run.submit(
            image=bytes(open_run.service.settings.max_image_bytes + 1), headers={"Origin": OURS}
        ),
    ]
    seam.error = RuntimeError("an unexpected error")
    answers.append(await ask(OURS, "/api/credits", **bearer()))
    seam.error = None
    foreign = [await ask(THEIRS, "/api/credits", **bearer()), await ask("null", "/api/templates")]
    open_run.service.stopping.set()
    answers.append(await open_run.submit(headers={"Origin": OURS}))
    statuses = [answer.status_code for answer in answers]
    assert statuses == [202, 200, 200, 401, 404, 413, 500, 503]
    assert {answer.headers.get(ALLOWED) for answer in answers} == {OURS}
    assert [answer.status_code for answer in foreign] == [200, 200]
    assert not [answer for answer in foreign if ALLOWED in answer.headers]


async def test_our_pages_may_read_streams(open_run: Running) -> None:
    await open_run.submitted()
    async with (
        over_a_socket(open_run) as address,
        open_stream(address, headers={"Origin": OURS}) as stream,
    ):
        assert stream.answer.headers[ALLOWED] == OURS
        assert (await stream.event())["stage"] == "queued"


async def test_without_origins_no_page_of_another_origin_may_read_an_answer(run: Running) -> None:
    answer = await run.client.get("/api/templates", headers={"Origin": OURS})
    assert answer.status_code == 200
    assert ALLOWED not in answer.headers
    refused = await run.client.options(SUBMIT, headers=preflight(OURS, "POST", "authorization"))
    assert refused.status_code == 405

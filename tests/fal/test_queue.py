from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from app.errors import FalNotFound, FalRefused, FalUnavailable
from app.fal import queue as fal_module
from app.fal import transport
from app.fal.queue import Fal, Progress
from app.telemetry.seam import direct
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import (
    NGINX_BAD_GATEWAY,
    Alter,
    Answer,
    Drop,
    Fault,
    Hang,
    Truncate,
)

MODEL = "fal-ai/kling-video/v2.5-turbo/pro/image-to-video"


@pytest.fixture
async def stand_in() -> AsyncIterator[FalStandIn]:
    async with FalStandIn() as fal:
        yield fal


@pytest.fixture
async def fal(stand_in: FalStandIn) -> AsyncIterator[Fal]:
    fal = Fal(key=stand_in.key, transport=stand_in.transport, seam=direct)
    yield fal
    await fal.aclose()


@pytest.fixture
async def job(fal: Fal) -> str:
    return (await fal.submit(MODEL, {}, webhook_url=None)).request_id


@pytest.mark.parametrize(
    ("state", "progress"),
    [
        ("IN_QUEUE", Progress("queued", 3)),
        ("IN_PROGRESS", Progress("running", None)),
        ("COMPLETED", Progress("completed", None)),
    ],
)
async def test_status_knows_fals_three_states(
    stand_in: FalStandIn, fal: Fal, job: str, state: str, progress: Progress
) -> None:
    stand_in.advance(job, state, queue_position=3)
    assert await fal.status(MODEL, job) == progress


async def test_a_failed_request_is_completed_until_the_result_decides(
    stand_in: FalStandIn, fal: Fal, job: str
) -> None:
    stand_in.fail(job, 422, [{"msg": "Flagged.", "type": "content_policy_violation"}])
    assert await fal.status(MODEL, job) == Progress("completed", None)
    with pytest.raises(FalRefused, match=r"^Flagged\. \(content_policy_violation\)$") as refused:
        await fal.result(MODEL, job)
    assert refused.value.status == 422


@pytest.mark.parametrize("state", ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"])
async def test_status_does_without_the_fields_that_fal_may_leave_out(
    stand_in: FalStandIn, fal: Fal, job: str, state: str
) -> None:
    stand_in.advance(job, state)
    stand_in.faults.add("status", Alter(queue_position=None, logs=None, metrics=None))
    assert (await fal.status(MODEL, job)).queue_position is None


@pytest.mark.parametrize(
    ("model", "app"),
    [
        (MODEL, "fal-ai/kling-video"),
        ("bytedance/seedance-2.0/image-to-video", "bytedance/seedance-2.0"),
        ("owner/app", "owner/app"),
        ("workflows/owner/app/path", "workflows/owner/app"),
    ],
)
async def test_requests_are_asked_for_under_their_owner_and_app(
    stand_in: FalStandIn, fal: Fal, model: str, app: str
) -> None:
    job = (await fal.submit(model, {}, webhook_url=None)).request_id
    await fal.status(model, job)
    await fal.cancel(model, job)
    base = f"https://queue.fal.run/{app}/requests/{job}"
    assert stand_in.last("status").url.partition("?")[0] == f"{base}/status"
    assert stand_in.last("cancel").url == f"{base}/cancel"


async def test_an_id_is_one_part_of_the_path_whatever_it_holds(
    stand_in: FalStandIn, fal: Fal
) -> None:
    with pytest.raises(FalNotFound):
        await fal.status(MODEL, "a?b#c")
    assert stand_in.last("status").request_id == "a?b#c"


ASKS: dict[str, Callable[[Fal, str], Awaitable[object]]] = {
    "status": lambda fal, job: fal.status(MODEL, job),
    "result": lambda fal, job: fal.result(MODEL, job),
    "cancel": lambda fal, job: fal.cancel(MODEL, job),
}


PASSING = {
    "408": Answer(408),
    "429": Answer(429, {}, {"Retry-After": "9"}),
    "500": Answer(500, {"detail": [{"msg": "x", "type": "internal_server_error"}]}),
    "502 of nginx": NGINX_BAD_GATEWAY,
    "503": Answer(503),
    "504": Answer(504, {"detail": "slow", "error_type": "request_timeout"}),
    "redirect": Answer(307, b"", {"Location": "https://elsewhere.example/"}),
    "no JSON": Answer(200, "<html>"),
    "dropped": Drop(),
}


@pytest.mark.parametrize("name", ASKS)
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_what_may_pass_is_unavailable_and_asked_once(
    stand_in: FalStandIn, fal: Fal, job: str, name: str, fault: Fault
) -> None:
    stand_in.faults.add(name, fault, times=None)
    with pytest.raises(FalUnavailable):
        await ASKS[name](fal, job)
    assert stand_in.count(name) == 1


@pytest.mark.parametrize("name", ASKS)
async def test_a_hang_ends_with_the_deadline(
    stand_in: FalStandIn, fal: Fal, job: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fal_module, f"{name.upper()}_DEADLINE", 0.05)
    stand_in.faults.add(name, Hang())
    with pytest.raises(FalUnavailable):
        await ASKS[name](fal, job)
    assert stand_in.count(name) == 1


@pytest.mark.parametrize("answer", [[], {}, {"status": None}, {"status": "PERHAPS"}], ids=repr)
async def test_a_cancel_whose_answer_makes_no_sense_is_a_wish_that_fal_has_heard(
    stand_in: FalStandIn, fal: Fal, job: str, answer: Any
) -> None:
    stand_in.faults.add("cancel", Answer(202, answer))
    assert await fal.cancel(MODEL, job) == "requested"


@pytest.mark.parametrize("name", ASKS)
async def test_what_fal_does_not_know_is_not_found(fal: Fal, name: str) -> None:
    with pytest.raises(FalNotFound):
        await ASKS[name](fal, "unknown")


@pytest.mark.parametrize("model", ["no-model", "workflows/half"])
async def test_a_model_that_cannot_be_is_not_found(fal: Fal, model: str) -> None:
    with pytest.raises(FalNotFound):
        await fal.status(model, "any")


@pytest.mark.parametrize(
    "fault",
    [
        Answer(400, {"detail": "odd"}),
        Answer(401, {"detail": "key"}),
        Answer(200, []),
        Answer(200, {}),
        Answer(200, {"status": None}),
        Alter(status="PAUSED"),
    ],
)
async def test_a_status_that_makes_no_sense_is_unavailable(
    stand_in: FalStandIn, fal: Fal, job: str, fault: Fault
) -> None:
    stand_in.faults.add("status", fault)
    with pytest.raises(FalUnavailable):
        await fal.status(MODEL, job)


@pytest.mark.parametrize(
    "output",
    [
        {"video": {"url": "https://v3.fal.media/a.mp4", "content_type": "video/mp4"}},
        {"video": "https://v3.fal.media/a.mp4"},
        {"videos": [{"url": "https://v3.fal.media/a.mp4"}, {"url": "https://v3.fal.media/b"}]},
    ],
)
async def test_the_result_is_the_videos_url_in_any_shape(
    stand_in: FalStandIn, fal: Fal, job: str, output: dict[str, Any]
) -> None:
    stand_in.complete(job, output=output)
    assert await fal.result(MODEL, job) == "https://v3.fal.media/a.mp4"
    assert (stand_in.count("result"), stand_in.count("status")) == (1, 0)


@pytest.mark.parametrize(
    "output", [{}, {"video": None}, {"video": {"url": ""}}, {"videos": []}, []]
)
async def test_a_result_without_a_video_is_refused(
    stand_in: FalStandIn, fal: Fal, job: str, output: Any
) -> None:
    stand_in.complete(job, output=output)
    with pytest.raises(FalRefused, match=r"^fal answered without a video$"):
        await fal.result(MODEL, job)


async def test_the_result_of_a_request_under_way_is_unavailable(
    stand_in: FalStandIn, fal: Fal, job: str
) -> None:
    with pytest.raises(FalUnavailable):
        await fal.result(MODEL, job)
    stand_in.faults.add("result", Answer(202, {"status": "IN_PROGRESS"}))
    with pytest.raises(FalUnavailable):
        await fal.result(MODEL, job)


async def test_a_model_that_speaks_of_progress_has_still_failed(
    stand_in: FalStandIn, fal: Fal, job: str
) -> None:
    stand_in.fail(job, 422, "the download is still in progress")
    with pytest.raises(FalRefused):
        await fal.result(MODEL, job)


async def test_a_result_cut_short_is_unavailable(stand_in: FalStandIn, fal: Fal, job: str) -> None:
    stand_in.complete(job, b"video")
    stand_in.faults.add("result", Truncate())
    with pytest.raises(FalUnavailable):
        await fal.result(MODEL, job)


async def test_a_result_beyond_any_size_is_unavailable(
    stand_in: FalStandIn, fal: Fal, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 100)
    stand_in.complete(job, output={"video": {"url": "https://v3.fal.media/" + "a" * 100}})
    with pytest.raises(FalUnavailable):
        await fal.result(MODEL, job)


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("IN_QUEUE", "cancelled"), ("IN_PROGRESS", "requested"), ("COMPLETED", "too_late")],
)
async def test_cancel_says_what_fal_makes_of_it(
    stand_in: FalStandIn, fal: Fal, job: str, state: str, outcome: str
) -> None:
    stand_in.advance(job, state)
    assert await fal.cancel(MODEL, job) == outcome


async def test_a_cancel_may_be_refused(stand_in: FalStandIn, fal: Fal, job: str) -> None:
    stand_in.faults.add("cancel", Answer(403, {"detail": "not yours"}))
    with pytest.raises(FalRefused, match=r"^not yours$"):
        await fal.cancel(MODEL, job)

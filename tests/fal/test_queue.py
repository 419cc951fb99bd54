from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.errors import FalNotFound, FalRefused, FalUnavailable
from app.fal import queue as fal_module
from app.fal import transport
from app.fal.messages import Progress
from app.fal.queue import Fal
from tests.fal.conftest import MODEL
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


@pytest.fixture
async def job(client: Fal) -> str:
    return (await client.submit(MODEL, b"{}", webhook_url=None)).request_id


@pytest.mark.parametrize(
    ("state", "progress"),
    [
        ("IN_QUEUE", Progress("queued", 3)),
        ("IN_PROGRESS", Progress("running", None)),
        ("COMPLETED", Progress("completed", None)),
    ],
)
async def test_status_knows_fals_three_states(
    fal: FalStandIn, client: Fal, job: str, state: str, progress: Progress
) -> None:
    fal.advance(job, state, queue_position=3)
    assert await client.status(MODEL, job) == progress


async def test_a_failed_request_is_completed_until_the_result_decides(
    fal: FalStandIn, client: Fal, job: str
) -> None:
    fal.fail(job, 422, [{"msg": "Flagged.", "type": "content_policy_violation"}])
    assert await client.status(MODEL, job) == Progress("completed", None)
    with pytest.raises(FalRefused, match=r"^Flagged\. \(content_policy_violation\)$") as refused:
        await client.result(MODEL, job)
    assert refused.value.status == 422


@pytest.mark.parametrize("state", ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"])
async def test_status_does_without_the_fields_that_fal_may_leave_out(
    fal: FalStandIn, client: Fal, job: str, state: str
) -> None:
    fal.advance(job, state)
    fal.faults.add("status", Alter(queue_position=None, logs=None, metrics=None))
    assert (await client.status(MODEL, job)).queue_position is None


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
    fal: FalStandIn, client: Fal, model: str, app: str
) -> None:
    job = (await client.submit(model, b"{}", webhook_url=None)).request_id
    await client.status(model, job)
    await client.cancel(model, job)
    base = f"https://queue.fal.run/{app}/requests/{job}"
    assert fal.last("status").url.partition("?")[0] == f"{base}/status"
    assert fal.last("cancel").url == f"{base}/cancel"


async def test_an_id_is_one_part_of_the_path_whatever_it_holds(
    fal: FalStandIn, client: Fal
) -> None:
    with pytest.raises(FalNotFound):
        await client.status(MODEL, "a?b#c")
    assert fal.last("status").request_id == "a?b#c"


ASKS: dict[str, Callable[[Fal, str], Awaitable[object]]] = {
    "status": lambda client, job: client.status(MODEL, job),
    "result": lambda client, job: client.result(MODEL, job),
    "cancel": lambda client, job: client.cancel(MODEL, job),
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
    fal: FalStandIn, client: Fal, job: str, name: str, fault: Fault
) -> None:
    fal.faults.add(name, fault, times=None)
    with pytest.raises(FalUnavailable):
        await ASKS[name](client, job)
    assert fal.count(name) == 1


@pytest.mark.parametrize("name", ASKS)
async def test_a_hang_ends_with_the_deadline(
    fal: FalStandIn, client: Fal, job: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fal_module, f"{name.upper()}_DEADLINE", 0.05)
    fal.faults.add(name, Hang())
    with pytest.raises(FalUnavailable):
        await ASKS[name](client, job)
    assert fal.count(name) == 1


@pytest.mark.parametrize("answer", [[], {}, {"status": None}, {"status": "PERHAPS"}], ids=repr)
async def test_a_cancel_whose_answer_makes_no_sense_is_a_wish_that_fal_has_heard(
    fal: FalStandIn, client: Fal, job: str, answer: Any
) -> None:
    fal.faults.add("cancel", Answer(202, answer))
    assert await client.cancel(MODEL, job) == "requested"


@pytest.mark.parametrize("name", ASKS)
async def test_what_fal_does_not_know_is_not_found(client: Fal, name: str) -> None:
    with pytest.raises(FalNotFound):
        await ASKS[name](client, "unknown")


@pytest.mark.parametrize("model", ["no-model", "workflows/half"])
async def test_a_model_that_cannot_be_is_not_found(client: Fal, model: str) -> None:
    with pytest.raises(FalNotFound):
        await client.status(model, "any")


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
    fal: FalStandIn, client: Fal, job: str, fault: Fault
) -> None:
    fal.faults.add("status", fault)
    with pytest.raises(FalUnavailable):
        await client.status(MODEL, job)


@pytest.mark.parametrize(
    "output",
    [
        {"video": {"url": "https://v3.fal.media/a.mp4", "content_type": "video/mp4"}},
        {"video": "https://v3.fal.media/a.mp4"},
        {"videos": [{"url": "https://v3.fal.media/a.mp4"}, {"url": "https://v3.fal.media/b"}]},
    ],
)
async def test_the_result_is_the_videos_url_in_any_shape(
    fal: FalStandIn, client: Fal, job: str, output: dict[str, Any]
) -> None:
    fal.complete(job, output=output)
    assert await client.result(MODEL, job) == "https://v3.fal.media/a.mp4"
    assert (fal.count("result"), fal.count("status")) == (1, 0)


@pytest.mark.parametrize(
    "output", [{}, {"video": None}, {"video": {"url": ""}}, {"videos": []}, []]
)
async def test_a_result_without_a_video_is_refused(
    fal: FalStandIn, client: Fal, job: str, output: Any
) -> None:
    fal.complete(job, output=output)
    with pytest.raises(FalRefused, match=r"^fal answered without a video$"):
        await client.result(MODEL, job)


async def test_the_result_of_a_request_under_way_is_unavailable(
    fal: FalStandIn, client: Fal, job: str
) -> None:
    with pytest.raises(FalUnavailable):
        await client.result(MODEL, job)
    fal.faults.add("result", Answer(202, {"status": "IN_PROGRESS"}))
    with pytest.raises(FalUnavailable):
        await client.result(MODEL, job)


async def test_a_model_that_speaks_of_progress_has_still_failed(
    fal: FalStandIn, client: Fal, job: str
) -> None:
    fal.fail(job, 422, "the download is still in progress")
    with pytest.raises(FalRefused):
        await client.result(MODEL, job)


async def test_a_result_cut_short_is_unavailable(fal: FalStandIn, client: Fal, job: str) -> None:
    fal.complete(job, b"video")
    fal.faults.add("result", Truncate())
    with pytest.raises(FalUnavailable):
        await client.result(MODEL, job)


async def test_a_result_beyond_any_size_is_unavailable(
    fal: FalStandIn, client: Fal, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 100)
    fal.complete(job, output={"video": {"url": "https://v3.fal.media/" + "a" * 100}})
    with pytest.raises(FalUnavailable):
        await client.result(MODEL, job)


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("IN_QUEUE", "cancelled"), ("IN_PROGRESS", "requested"), ("COMPLETED", "too_late")],
)
async def test_cancel_says_what_fal_makes_of_it(
    fal: FalStandIn, client: Fal, job: str, state: str, outcome: str
) -> None:
    fal.advance(job, state)
    assert await client.cancel(MODEL, job) == outcome


async def test_a_cancel_may_be_refused(fal: FalStandIn, client: Fal, job: str) -> None:
    fal.faults.add("cancel", Answer(403, {"detail": "not yours"}))
    with pytest.raises(FalRefused, match=r"^not yours$"):
        await client.cancel(MODEL, job)

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


async def test_a_failed_request_is_completed_and_only_its_result_shows_the_failure(
    fal: FalStandIn, client: Fal, job: str
) -> None:
    fal.fail(job, 422, [{"msg": "Flagged.", "type": "content_policy_violation"}])
    assert await client.status(MODEL, job) == Progress("completed", None)
    with pytest.raises(FalRefused, match=r"^Flagged\. \(content_policy_violation\)$") as refused:
        await client.result(MODEL, job)
    assert refused.value.status == 422


@pytest.mark.parametrize("state", ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"])
async def test_status_needs_no_field_but_the_state(
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
async def test_requests_are_addressed_by_owner_and_app_without_the_models_subpath(
    fal: FalStandIn, client: Fal, model: str, app: str
) -> None:
    job = (await client.submit(model, b"{}", webhook_url=None)).request_id
    await client.status(model, job)
    await client.cancel(model, job)
    base = f"https://queue.fal.run/{app}/requests/{job}"
    assert fal.last("status").url.partition("?")[0] == f"{base}/status"
    assert fal.last("cancel").url == f"{base}/cancel"


async def test_special_characters_in_a_request_id_are_percent_encoded(
    fal: FalStandIn, client: Fal
) -> None:
    with pytest.raises(FalNotFound):
        await client.status(MODEL, "a?b#c")
    assert fal.last("status").request_id == "a?b#c"


CALLS: dict[str, Callable[[Fal, str], Awaitable[object]]] = {
    "status": lambda client, job: client.status(MODEL, job),
    "result": lambda client, job: client.result(MODEL, job),
    "cancel": lambda client, job: client.cancel(MODEL, job),
}


TEMPORARY = {
    "405": Answer(405),
    "408": Answer(408),
    "409": Answer(409),
    "425": Answer(425),
    "429": Answer(429, {}, {"Retry-After": "9"}),
    "500": Answer(500, {"detail": [{"msg": "x", "type": "internal_server_error"}]}),
    "502 of nginx": NGINX_BAD_GATEWAY,
    "503": Answer(503),
    "504": Answer(504, {"detail": "slow", "error_type": "request_timeout"}),
    "redirect": Answer(307, b"", {"Location": "https://elsewhere.example/"}),
    "no JSON": Answer(200, "<html>"),
    "dropped": Drop(),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("fault", TEMPORARY.values(), ids=TEMPORARY)
async def test_temporary_failures_are_unavailable_and_the_request_is_sent_once(
    fal: FalStandIn, client: Fal, job: str, name: str, fault: Fault
) -> None:
    fal.faults.add(name, fault, times=None)
    with pytest.raises(FalUnavailable):
        await CALLS[name](client, job)
    assert fal.count(name) == 1


@pytest.mark.parametrize("name", CALLS)
async def test_a_call_that_hangs_ends_at_its_deadline(
    fal: FalStandIn, client: Fal, job: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fal_module, f"{name.upper()}_DEADLINE", 0.05)
    fal.faults.add(name, Hang())
    with pytest.raises(FalUnavailable):
        await CALLS[name](client, job)
    assert fal.count(name) == 1


@pytest.mark.parametrize("answer", [[], {}, {"status": None}, {"status": "PERHAPS"}], ids=repr)
async def test_a_cancel_whose_answer_cannot_be_read_counts_as_requested(
    fal: FalStandIn, client: Fal, job: str, answer: Any
) -> None:
    fal.faults.add("cancel", Answer(202, answer))
    assert await client.cancel(MODEL, job) == "requested"


@pytest.mark.parametrize("name", ["status", "cancel"])
async def test_an_unknown_request_is_not_found(client: Fal, name: str) -> None:
    with pytest.raises(FalNotFound):
        await CALLS[name](client, "unknown")


async def test_an_unknown_request_may_still_have_a_result_later(client: Fal) -> None:
    with pytest.raises(FalUnavailable):
        await client.result(MODEL, "unknown")
    with pytest.raises(FalUnavailable):
        await client.result("no-model", "any")


@pytest.mark.parametrize("status", [400, 410, 413, 415, 422])
async def test_the_models_verdict_is_a_refusal(
    fal: FalStandIn, client: Fal, job: str, status: int
) -> None:
    fal.fail(job, status, "no")
    with pytest.raises(FalRefused, match=r"^no$") as refused:
        await client.result(MODEL, job)
    assert refused.value.is_about_the_job


@pytest.mark.parametrize("model", ["no-model", "workflows/half"])
async def test_an_impossible_model_id_is_not_found(client: Fal, model: str) -> None:
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
async def test_a_status_that_cannot_be_read_is_unavailable(
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
async def test_the_videos_url_is_found_in_every_shape_of_a_result(
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


async def test_the_result_of_an_unfinished_request_is_unavailable(
    fal: FalStandIn, client: Fal, job: str
) -> None:
    with pytest.raises(FalUnavailable):
        await client.result(MODEL, job)
    fal.faults.add("result", Answer(202, {"status": "IN_PROGRESS"}))
    with pytest.raises(FalUnavailable):
        await client.result(MODEL, job)


async def test_an_error_of_the_model_that_mentions_progress_is_still_a_refusal(
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


async def test_a_result_larger_than_the_limit_is_unavailable(
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
async def test_cancel_reports_what_fal_did(
    fal: FalStandIn, client: Fal, job: str, state: str, outcome: str
) -> None:
    fal.advance(job, state)
    assert await client.cancel(MODEL, job) == outcome


async def test_a_cancel_that_fal_does_not_carry_out_is_unavailable(
    fal: FalStandIn, client: Fal, job: str
) -> None:
    fal.faults.add("cancel", Answer(422, {"detail": "not now"}))
    with pytest.raises(FalUnavailable, match=r"^not now$"):
        await client.cancel(MODEL, job)

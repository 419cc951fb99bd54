"""Every answer to a submit, and what a refusal leaves behind: nothing."""

import asyncio
import io
import json
import os
import tempfile
from typing import Any

import httpx
import pytest
from PIL import Image

from app.api import form
from app.settings import Settings
from tests.support.refusals import assert_no_effect, assert_problem
from tests.support.service import SUBMIT, Running, over_a_socket, png, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer

DATA = json.dumps({"templateSlug": "night-life-roller", "variables": {}})


async def post(run: Running, **parts: Any) -> httpx.Response:
    return await run.client.post(SUBMIT, headers=bearer(), **parts)


def parts(image: bytes | None = None, data: str | None = DATA) -> dict[str, Any]:
    files = {"startImage": ("canvas.png", image, "image/png")} if image is not None else None
    return {"files": files, "data": {"data": data} if data is not None else None}


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        (parts(), 400, "invalid_multipart"),
        ({"json": {}}, 400, "invalid_multipart"),
        ({"content": b""}, 400, "invalid_multipart"),
        (parts(b""), 400, "invalid_multipart"),
        ({"data": {"data": DATA, "startImage": "text"}}, 400, "invalid_multipart"),
        ({"files": [("startImage", png()), ("other", png())]}, 400, "invalid_multipart"),
        (parts(png(), None), 400, "invalid_json"),
        (parts(png(), "{"), 400, "invalid_json"),
        (parts(png(), "[]"), 400, "invalid_json"),
        (parts(png(), "{}"), 400, "invalid_json"),
        (parts(png(), '{"templateSlug": 5}'), 400, "invalid_json"),
        (parts(png(), '{"templateSlug": "x", "y": NaN}'), 400, "invalid_json"),
        (parts(png(), '{"templateSlug": "\\ud83d"}'), 400, "invalid_json"),
        (parts(png(), "[" * 20_000), 400, "invalid_json"),
        (parts(png(), f'{{"templateSlug": "x", "y": "{"z" * 70_000}"}}'), 400, "invalid_multipart"),
        (parts(png(), '{"templateSlug": "none"}'), 404, "template_not_found"),
        (
            parts(png(), '{"templateSlug": "night-life-roller", "variables": {"x": 1}}'),
            422,
            "invalid_variables",
        ),
        (
            parts(png(), '{"templateSlug": "night-life-roller", "variables": []}'),
            422,
            "invalid_variables",
        ),
        (parts(b"GIF89a" + bytes(50)), 415, "unsupported_image"),
        (parts(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), 415, "unsupported_image"),
        (parts(png()[:-30]), 422, "invalid_image"),
        (parts(png(2000, 2000)), 422, "invalid_image"),
        (parts(b"\x89PNG" + bytes(300_000)), 413, "image_too_large"),
    ],
)
async def test_what_is_no_submit_is_refused_and_leaves_nothing(
    settings: Settings, fal: FalStandIn, given: dict[str, Any], status: int, code: str
) -> None:
    bounded = settings.model_copy(
        update={"max_image_bytes": 200_000, "max_image_pixels": 2_000_000}
    )
    async with running(bounded, fal) as run:
        assert_problem(await post(run, **given), status, code)
        await assert_no_effect(run, fal)


async def test_body_without_an_end_is_cut_off(settings: Settings, fal: FalStandIn) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        head = b'--b\r\nContent-Disposition: form-data; name="startImage"; filename="x"\r\n\r\n'
        for chunk in [head] + [bytes(65536)] * 10_000:
            sent += len(chunk)
            yield chunk

    bounded = settings.model_copy(update={"max_image_bytes": 1_000_000})
    async with running(bounded, fal) as run:
        answer = await run.client.post(
            SUBMIT,
            content=endless(),
            headers=bearer() | {"Content-Type": "multipart/form-data; boundary=b"},
        )
        assert_problem(answer, 413, "image_too_large")
        await assert_no_effect(run, fal)


async def test_disk_that_is_full_is_no_fault_of_the_body(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    noise = Image.frombytes("RGB", (800, 800), os.urandom(800 * 800 * 3))
    file = io.BytesIO()
    noise.save(file, "PNG")
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    assert_problem(await post(run, **parts(file.getvalue())), 503, "storage_unavailable")
    await assert_no_effect(run, fal)


@pytest.mark.parametrize("limit", ["SILENCE", "PATIENCE"])
@pytest.mark.parametrize(
    ("path", "code"),
    [("/api/templates/video", "invalid_multipart"), ("/api/webhooks/fal?jobId=j", "invalid_json")],
)
async def test_sender_that_is_too_slow_is_cut_off(
    run: Running, monkeypatch: pytest.MonkeyPatch, limit: str, path: str, code: str
) -> None:
    monkeypatch.setattr(form, limit, 0.2)
    async with over_a_socket(run) as address:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(address).port)
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        token = bearer()["Authorization"]
        kind = "Content-Type: multipart/form-data; boundary=b\r\n"
        writer.write(f"{head}{kind}Authorization: {token}\r\n\r\n4\r\n--b\r\r\n".encode())
        answer = await reader.read()  # to the end: the line is closed
        writer.close()
    assert answer.startswith(b"HTTP/1.1 400")
    assert code.encode() in answer
    assert b"too slowly" in answer


async def test_unknown_keys_of_data_are_ignored(run: Running) -> None:
    data = json.dumps({"templateSlug": "night-life-roller", "variables": {}, "canvas": [1]})
    assert (await post(run, **parts(png(), data))).status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "\xfcber"])
async def test_idempotency_key_that_is_none_is_refused(
    run: Running, fal: FalStandIn, key: str
) -> None:
    headers = httpx.Headers(bearer(), encoding="latin-1")
    headers["Idempotency-Key"] = key
    answer = await run.client.post(SUBMIT, headers=headers, **parts(png()))
    assert_problem(answer, 400, "invalid_query")
    await assert_no_effect(run, fal)


async def test_repeated_submit_with_the_same_key_is_the_same_job(
    run: Running, fal: FalStandIn
) -> None:
    key = {"Idempotency-Key": "click-1"}
    first = await run.submit(headers=key)
    again = await run.submit(headers=key)
    assert again.status_code == 202
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    other = await run.submit(headers=key, image=png(colour="red"))
    assert_problem(other, 422, "idempotency_mismatch")
    assert fal.count("submit") == 1
    assert await run.money() == (100, 10, ["grant", "hold"])


async def test_same_key_of_another_user_is_another_job(run: Running) -> None:
    key = {"Idempotency-Key": "click-1"}
    assert await run.submitted(headers=key) != await run.submitted(headers=key, user="bob")


async def test_without_credits_nothing_is_made(settings: Settings, fal: FalStandIn) -> None:
    poor = settings.model_copy(update={"credits_signup_grant": 15})
    async with running(poor, fal) as run:
        await run.submitted()
        assert_problem(await run.submit(), 402, "insufficient_credits")
        assert fal.count("submit") == 1
        assert await run.money() == (15, 10, ["grant", "hold"])


async def test_too_many_jobs_under_way_are_refused_until_one_ends(
    settings: Settings, fal: FalStandIn
) -> None:
    async with running(settings.model_copy(update={"max_jobs_in_flight": 2}), fal) as run:
        jobs = [await run.submitted() for _ in range(2)]
        refused = await run.submit()
        assert_problem(refused, 429, "too_many_jobs")
        assert int(refused.headers["retry-after"]) > 0
        fal.complete(next(iter(fal.requests)), small_video())
        await run.finished(jobs[0])
        await run.submitted()


async def test_too_many_submits_a_minute_are_refused(settings: Settings, fal: FalStandIn) -> None:
    async with running(settings.model_copy(update={"submits_per_minute": 2}), fal) as run:
        for _ in range(2):
            await run.submitted()
        refused = await run.submit()
        assert_problem(refused, 429, "rate_limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 30
        await run.submitted(user="bob")


@pytest.mark.parametrize(
    ("call", "answer", "code", "retry_after"),
    [
        ("submit", Answer(422, {"detail": [{"msg": "bad prompt"}]}), "fal_rejected", None),
        (
            "submit",
            Answer(429, {"detail": "slow down"}, {"Retry-After": "7"}),
            "fal_unavailable",
            "7",
        ),
        ("submit", Answer(500, {"detail": "oops"}), "fal_unavailable", None),
        ("submit", Answer(403, {"detail": "locked"}), "fal_rejected", None),
    ],
)
async def test_what_fal_refuses_fails_the_job_and_gives_the_hold_back(
    run: Running, fal: FalStandIn, call: str, answer: Answer, code: str, retry_after: str | None
) -> None:
    fal.faults.add(call, answer)
    refused = await run.submit()
    body = assert_problem(refused, 502, code)
    assert refused.headers.get("retry-after") == retry_after
    assert fal.count("submit") == 1
    assert await run.money() == (100, 0, ["grant", "hold", "release"])
    job = await run.status(body["jobId"])
    assert (job["status"], job["error"]["code"]) == ("failed", code)
    assert job["error"]["message"] == body["detail"]


async def test_upload_that_fails_everywhere_submits_nothing(run: Running, fal: FalStandIn) -> None:
    for call in ("token", "upload", "initiate", "put"):
        fal.faults.add(call, Answer(503, {"detail": "closed"}), times=None)
    assert_problem(await run.submit(), 502, "fal_unavailable")
    assert fal.count("submit") == 0
    assert await run.money() == (100, 0, ["grant", "hold", "release"])

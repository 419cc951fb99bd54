"""Every answer that a caller can get, and what a second user gets."""

import asyncio
import base64
import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests.service import Running, png, running
from tests.stand_ins.fal import FalStandIn
from tests.stand_ins.fal_faults import Answer
from tests.stand_ins.videos import small_video
from tests.tokens import bearer

DATA = json.dumps({"templateSlug": "night-life-roller", "variables": {}})
SUBMIT = "/api/templates/video"


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Assert the shape of an error and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= body.keys()
    assert (body["status"], body["code"]) == (status, code)
    assert body["detail"]
    return body


async def nothing_left(run: Running, fal: FalStandIn) -> None:
    """Assert that a refusal held nothing, wrote nothing and asked fal for nothing."""
    assert fal.calls == []
    assert await run.rows("SELECT * FROM video_job") == []
    assert await run.rows("SELECT * FROM credit_entry WHERE kind = 'hold'") == []


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
        problem(await post(run, **given), status, code)
        await nothing_left(run, fal)


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
        problem(answer, 413, "image_too_large")
        await nothing_left(run, fal)


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
    problem(answer, 400, "invalid_query")
    await nothing_left(run, fal)


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
    problem(other, 422, "idempotency_mismatch")
    assert fal.count("submit") == 1
    assert await run.money() == (100, 10, ["grant", "hold"])


async def test_same_key_of_another_user_is_another_job(run: Running) -> None:
    key = {"Idempotency-Key": "click-1"}
    assert await run.submitted(headers=key) != await run.submitted(headers=key, user="bob")


async def test_without_credits_nothing_is_made(settings: Settings, fal: FalStandIn) -> None:
    poor = settings.model_copy(update={"credits_signup_grant": 15})
    async with running(poor, fal) as run:
        await run.submitted()
        problem(await run.submit(), 402, "insufficient_credits")
        assert fal.count("submit") == 1
        assert await run.money() == (15, 10, ["grant", "hold"])


async def test_too_many_jobs_under_way_are_refused_until_one_ends(
    settings: Settings, fal: FalStandIn
) -> None:
    async with running(settings.model_copy(update={"max_jobs_in_flight": 2}), fal) as run:
        jobs = [await run.submitted() for _ in range(2)]
        refused = await run.submit()
        problem(refused, 429, "too_many_jobs")
        assert int(refused.headers["retry-after"]) > 0
        fal.complete(next(iter(fal.requests)), small_video())
        await run.finished(jobs[0])
        await run.submitted()


async def test_too_many_submits_a_minute_are_refused(settings: Settings, fal: FalStandIn) -> None:
    async with running(settings.model_copy(update={"submits_per_minute": 2}), fal) as run:
        for _ in range(2):
            await run.submitted()
        refused = await run.submit()
        problem(refused, 429, "rate_limited")
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
    body = problem(refused, 502, code)
    assert refused.headers.get("retry-after") == retry_after
    assert fal.count("submit") == 1
    assert await run.money() == (100, 0, ["grant", "hold", "release"])
    job = await run.status(body["jobId"])
    assert (job["status"], job["error"]["code"]) == ("failed", code)
    assert job["error"]["message"] == body["detail"]


async def test_upload_that_fails_everywhere_submits_nothing(run: Running, fal: FalStandIn) -> None:
    for call in ("token", "upload", "initiate", "put"):
        fal.faults.add(call, Answer(503, {"detail": "closed"}), times=None)
    problem(await run.submit(), 502, "fal_unavailable")
    assert fal.count("submit") == 0
    assert await run.money() == (100, 0, ["grant", "hold", "release"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", SUBMIT),
        ("GET", "/api/templates/video/status?jobId=x"),
        ("GET", "/api/library"),
        ("GET", "/api/credits"),
    ],
)
async def test_without_a_token_nobody_gets_in(
    run: Running, fal: FalStandIn, method: str, path: str
) -> None:
    answer = await run.client.request(method, path)
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    await nothing_left(run, fal)


@pytest.mark.parametrize("path", ["/api/templates", "/healthz", "/readyz"])
async def test_some_routes_need_no_token(run: Running, path: str) -> None:
    assert (await run.client.get(path)).status_code == 200


async def test_second_user_sees_nothing_of_the_first(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted(user="ada")
    fal.complete(next(iter(fal.requests)), small_video())
    await run.finished(job_id)
    foreign = await run.get("/api/templates/video/status", user="bob", jobId=job_id)
    missing = await run.get("/api/templates/video/status", user="bob", jobId="no-such-job")
    assert problem(foreign, 404, "job_not_found") == problem(missing, 404, "job_not_found")
    assert (await run.library(user="bob")) == {"videos": [], "nextCursor": None}
    assert await run.money(user="bob") == (100, 0, ["grant"])


async def test_users_of_like_names_have_folders_of_their_own(run: Running, fal: FalStandIn) -> None:
    keys = []
    for user in ("../ada", "..%2Fada", "ada", "Ada"):
        job_id = await run.submitted(user=user)
        fal.complete(list(fal.requests)[-1], small_video())
        keys.append((await run.finished(job_id, user=user))["key"])
    folders = {key.split("/")[1] for key in keys}
    assert len(folders) == 4
    assert all(key.startswith("users/") and ".." not in key.split("/") for key in keys)


@pytest.mark.parametrize("query", [{}, {"jobId": ""}, {"jobId": "x" * 201}, {"jobId": "a\nb"}])
async def test_status_without_a_job_is_refused(run: Running, query: dict[str, str]) -> None:
    problem(await run.get("/api/templates/video/status", **query), 400, "invalid_query")


async def test_unknown_routes_and_methods_are_told_so(run: Running) -> None:
    problem(await run.get("/api/nothing"), 404, "not_found")
    problem(await run.client.post("/api/webhooks/fal/"), 404, "not_found")
    refused = await run.get(SUBMIT)
    problem(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "POST"
    problem(await run.client.delete("/api/credits"), 405, "method_not_allowed")


@pytest.mark.parametrize(
    "path",
    [
        "/media/users/ada/library/x.mp4",
        "/media/users/ada/library/x.mp4?expires=99999999999&signature=00",
        "/media/../.signing-key",
        "/media/.signing-key?expires=99999999999&signature=00",
    ],
)
async def test_media_without_a_signature_is_not_found(run: Running, path: str) -> None:
    problem(await run.client.get(path), 404, "not_found")


async def test_library_is_read_page_by_page(run: Running, fal: FalStandIn) -> None:
    jobs = []
    for number in range(5):
        jobs.append(await run.submitted(template="poster-parallax"))
        fal.complete(list(fal.requests)[-1], small_video(seed=number))
        await run.finished(jobs[-1])
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await run.library(limit=2, **cursor)
        seen += [video["jobId"] for video in page["videos"]]
        if page["nextCursor"] is None:
            break
        cursor = {"cursor": page["nextCursor"]}
    assert seen == jobs[::-1]
    assert len((await run.library())["videos"]) == 5


async def test_videos_of_one_instant_are_all_on_some_page(run: Running) -> None:
    for number in range(7):
        await run.rows(
            f"CREATE library_video:job{number} SET user = 'ada', key = 'k{number}', title = 't', "
            "template_slug = 's', bytes = 1, duration_seconds = 1.0, width = 1, height = 1, "
            "created_at = d'2025-10-08T10:00:00.123456Z'"
        )
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(4):
        page = await run.library(limit=2, **cursor)
        seen += [video["jobId"] for video in page["videos"]]
        cursor = {"cursor": page["nextCursor"]}
    assert sorted(seen) == [f"job{number}" for number in range(7)]
    assert page["nextCursor"] is None


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "ten"},
        {"limit": "-1"},
        {"limit": "٣"},
        {"cursor": ""},
        {"cursor": "!!"},
        {"cursor": "\xe9"},
        {"cursor": base64.urlsafe_b64encode(b"2025-10-08T10:00:00 job").decode()},
        {"cursor": base64.urlsafe_b64encode(b"2025-10-08T10:00:00Z").decode()},
        {"cursor": base64.urlsafe_b64encode(b"\xff\xfe").decode()},
    ],
)
async def test_page_that_cannot_be_is_refused(run: Running, query: dict[str, str]) -> None:
    problem(await run.get("/api/library", **query), 400, "invalid_query")


async def test_catalogue_lists_what_a_form_needs(run: Running) -> None:
    catalogue = (await run.client.get("/api/templates")).json()["templates"]
    assert len(catalogue) >= 8
    for template in catalogue:
        assert template.keys() == {
            "slug",
            "title",
            "description",
            "credits",
            "falModel",
            "variables",
        }
        for variable in template["variables"]:
            assert {"name", "label", "type", "required"} <= variable.keys()


async def test_new_template_needs_only_a_row(run: Running) -> None:
    await run.rows(
        "CREATE template:`brand-new` SET title = 'New', description = '', credits = 1, "
        "fal_model = 'fal-ai/new/model', image_field = 'picture', prompt = 'Go', "
        "arguments = { duration: 7 }, variables = []"
    )
    assert (await run.submit(template="brand-new")).status_code == 202


async def test_first_look_at_the_credits_opens_the_account_once(run: Running) -> None:
    looks = await asyncio.gather(*(run.credits() for _ in range(20)))
    assert all(look == looks[0] for look in looks)
    assert looks[0]["available"] == 100
    assert [entry["kind"] for entry in looks[0]["entries"]] == ["grant"]


async def test_times_are_rfc3339_in_utc(run: Running) -> None:
    job = await run.status(await run.submitted())
    for name in ("createdAt", "updatedAt"):
        assert job[name].endswith("Z")
        assert datetime.fromisoformat(job[name]).utcoffset() == timedelta(0)

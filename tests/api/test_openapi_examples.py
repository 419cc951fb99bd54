"""The examples in the document equal the answers of a running service."""

import asyncio
import json
import os
import re
import shutil
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.back_office import support_answers
from tests.support.event_streams import open_stream
from tests.support.openapi import INTERFACE
from tests.support.service import SUBMIT, Running, over_a_socket, png
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer, token

VIDEO = small_video(seconds=1, width=128, height=72)
CHANGING = {
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}": "a job",
    r"\d{4}-\d\d-\d\dT[\d:.]+Z": "a time",
    r"\d{4}-\d\d-\d\d": "a day",
    r"/v/[\w-]{22}": "a share",
    r"expires=\d+&signature=[0-9a-f]+": "signed",
    r'"bytes": ?\d+': "a size",
    r"request-\d+": "a request",
}

Answers = dict[tuple[str, str], httpx.Response]


def without_changing_parts(text: str) -> str:
    """Replace the parts that differ in each run."""
    for pattern, name in CHANGING.items():
        text = re.sub(pattern, name, text)
    return re.sub(r"\s", "", text)


async def _submitted(run: Running) -> str:
    """Submit, and wait until the start image is stored."""
    job_id = await run.submitted()
    await run.wait_for_background()
    return job_id


async def _of_jobs(run: Running, fal: FalStandIn) -> AsyncIterator[tuple[str, str, httpx.Response]]:
    async def status(job_id: str) -> httpx.Response:
        return await run.get("/api/templates/video/status", jobId=job_id)

    accepted = await run.submit(variables={"mood": "raw"})
    yield "submit", "accepted", accepted
    job_id = accepted.json()["jobId"]
    await run.wait_for_background()
    fal.advance(fal.newest, "IN_QUEUE", queue_position=2)
    yield "status", "queued", await status(job_id)
    fal.advance(fal.newest, "IN_PROGRESS")
    yield "status", "generating", await status(job_id)
    fal.complete(fal.newest, VIDEO)
    await run.finished(job_id)
    yield "status", "completed", await status(job_id)
    yield "library", "page", await run.get("/api/library")
    share = f"/api/library/{job_id}/share"
    yield "share", "shared", await run.client.post(share, headers=bearer())
    yield "me", "caller", await run.get("/api/me")
    yield "credits", "account", await run.get("/api/credits")
    yield "jobs", "jobs", await run.get("/api/jobs")
    yield "changeVideo", "video", await run.change(job_id, title="Opening night", favourite=True)
    yield "video", "video", await run.get(f"/api/library/{job_id}")
    async for example in _of_the_back_office(run, job_id):
        yield example
    blocked = await _submitted(run)
    fal.fail(fal.newest, 422, [{"msg": "Blocked by the content policy", "type": "policy"}])
    await run.finished(blocked)
    yield "status", "failed", await status(blocked)
    yield "cancel", "cancelled", await run.cancel(await _submitted(run))
    running = await _submitted(run)
    fal.advance(fal.newest, "IN_PROGRESS")
    await status(running)
    yield "cancel", "cancelling", await run.cancel(running)
    await run.submitted(user="bob")
    yield "eraseUser", "erasing", await run.administer("DELETE", "users/bob")


async def _of_the_back_office(
    run: Running, job_id: str
) -> AsyncIterator[tuple[str, str, httpx.Response]]:
    for name, (_, example) in zip(
        ("granted", "withdrawn"), _requests("/api/admin/credits"), strict=True
    ):
        yield "adjustCredits", name, await run.administer("POST", "credits", example)
    ((_, example),) = _requests("/api/admin/jobs/{jobId}/refund")
    yield "refund", "refunded", await run.administer("POST", f"jobs/{job_id}/refund", example)


def _requests(path: str) -> list[tuple[str, Any]]:
    """Return the examples of a request by name."""
    body = INTERFACE.operations["POST", path]["requestBody"]
    return list(INTERFACE.examples(body, "application/json").items())


@pytest.fixture
async def answers(run: Running, fal: FalStandIn) -> Answers:
    """Answers of the service, by operation and name of the example."""
    answers = {(operation, name): answer async for operation, name, answer in _of_jobs(run, fal)}
    headers, body = fal.callback(fal.newest)
    answers["hear", "heard"] = await run.client.post(
        "/api/webhooks/fal?jobId=a-job", content=body, headers=headers
    )
    answers["healthz", "alive"] = await run.client.get("/healthz")
    answers["readyz", "ready"] = await run.client.get("/readyz")
    delivered = answers["status", "completed"].json()["jobId"]
    answers |= {
        (each, name): answer async for each, name, answer in support_answers(run, delivered)
    }
    return answers


async def test_examples_equal_the_service_s_answers(answers: Answers) -> None:
    documented = {
        (operation["operationId"], name)
        for operation in INTERFACE.operations.values()
        for status, answer in operation["responses"].items()
        if status.startswith("2")
        for media in answer.get("content", {}).values()
        for name in media.get("examples", {})
    }
    assert documented == {*answers, ("events", "completed")}
    for (_, name), answer in answers.items():
        example = INTERFACE.check(answer)[name]
        assert without_changing_parts(str(answer.json())) == without_changing_parts(str(example)), (
            name
        )


async def test_the_curl_command_in_the_description_works_and_is_safe_to_repeat(
    run: Running, tmp_path: Path
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("install curl")
    described = INTERFACE.operations["POST", SUBMIT]["description"]
    (command,) = re.findall(r"^```sh\n(.*?)^```$", described, re.DOTALL | re.MULTILINE)
    (tmp_path / "canvas.png").write_bytes(png())
    async with over_a_socket(run) as address:
        given = {"SERVICE": address, "TOKEN": token(), "KEY": "one-click"}
        given["PATH"] = os.environ["PATH"]  # and no proxy
        first, again = [await _run_command(command, tmp_path, given) for _ in range(2)]
    INTERFACE.validate(first, {"$ref": "#/components/schemas/Accepted"})
    assert again["jobId"] == first["jobId"]


async def _run_command(command: str, folder: Path, environment: dict[str, str]) -> Any:
    process = await asyncio.create_subprocess_shell(
        command, stdout=PIPE, stderr=PIPE, cwd=folder, env=environment
    )
    said, _ = await process.communicate()
    return json.loads(said)


async def test_the_template_in_the_description_is_in_the_catalogue(run: Running) -> None:
    answer = await run.client.get("/api/templates")
    INTERFACE.check(answer)
    described = INTERFACE.operations["GET", "/api/templates"]["description"]
    (template,) = re.findall(r"^```json\n(.*?)^```$", described, re.DOTALL | re.MULTILINE)
    assert json.loads(template) in answer.json()["templates"]


async def test_a_stream_equals_its_example(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted(variables={"mood": "raw"})
    await run.wait_for_background()
    fal.complete(fal.newest, VIDEO)
    await run.finished(job_id)
    async with over_a_socket(run) as address, open_stream(address, jobId=job_id) as stream:
        text = "\n".join([line async for line in stream.answer.aiter_lines()])
        example = INTERFACE.check(stream.answer)["completed"]
    assert without_changing_parts(re.sub(r"id: \d+", "id", text)) == without_changing_parts(
        re.sub(r"id: \d+", "id", example)
    )


async def test_files_and_pages_are_answered_as_documented(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted()
    fal.complete(fal.newest, VIDEO)
    url = (await run.finished(job_id))["url"]
    for given, status in ({}, 200), ("bytes=0-3", 206), ("0-3", 400), ("bytes=9999999-", 416):
        headers = {"Range": str(given)} if given else {}
        answer = await run.client.get(url, headers=headers)
        assert answer.status_code == status
        INTERFACE.check(answer)
        asset = await run.client.get("/assets/latest/previews/any.webp", headers=headers)
        assert asset.status_code == status
        INTERFACE.check(asset)
    kept = {"If-None-Match": asset.headers.get("etag", "")}
    INTERFACE.check(await run.client.get("/assets/latest/favicon.svg", headers=kept))
    INTERFACE.check(await run.client.get("/"))
    INTERFACE.check(await run.client.get("/metrics"))

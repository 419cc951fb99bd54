"""The headers of every answer, and the 404 that a user gets for another user's data."""

import re
from typing import Any

import httpx
import pytest

from app.api.service import Service
from app.main import create_app
from app.settings import Settings
from tests.support.service import SUBMIT, Running, png
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer

ORIGIN = {"Origin": "https://elsewhere.example"}

OWNED = {f"{SUBMIT}/status", f"{SUBMIT}/events", f"{SUBMIT}/cancel"}
OWNED_IN_THE_PATH = {"/api/library/{jobId}"}
"""See tests/api/test_library_changes.py and tests/api/test_deletion.py."""
LISTS = {"/api/library", "/api/jobs", "/api/credits"}
OF_THE_TOKEN = {"/api/me"}
VIDEOS = {"/api/library/{jobId}/download", "/api/library/{jobId}/share"}
"""Those of others are missing: tests/api/test_shares.py."""
SHARED = {"/v/{token}", "/v/{token}/video", "/v/{token}/poster"}
"""For everyone who knows the token."""
OPEN = {
    *("/api/templates", "/api/webhooks/fal", "/healthz", "/readyz", "/metrics"),
    *("/openapi.json", "/", "/docs", "/assets/{digest}"),
}
OWNED_OTHERWISE = {SUBMIT, "/media/{key:path}"}
"""A submit belongs to its sender; the address of a file is signed, see below."""

BACK_OFFICE = "/api/admin/"
"""Not for users, see ``test_back_office.py``."""


async def answers(run: Running) -> dict[str, httpx.Response]:
    """Ask every kind of route, in each way that has an answer of its own."""
    client, token = run.client, bearer()
    job_id = await run.submitted()
    return {
        "page": await client.get("/"),
        "docs": await client.get("/docs"),
        "asset": await client.get("/assets/latest/video-generation.js"),
        "unknown asset": await client.get("/assets/latest/none.js"),
        "description": await client.get("/openapi.json"),
        "templates": await client.get("/api/templates"),
        "submit": await run.submit(),
        "empty submit": await client.post(SUBMIT, headers=token),
        "status": await client.get(f"{SUBMIT}/status?jobId={job_id}", headers=token),
        "unknown job": await client.get(f"{SUBMIT}/status?jobId=x", headers=token),
        "no token": await client.get("/api/library"),
        "library": await client.get("/api/library", headers=token),
        "me": await client.get("/api/me", headers=token),
        "unknown video": await client.get("/api/library/x/download", headers=token),
        "unknown share": await client.get("/v/x", headers={"Accept": "text/html"}),
        "credits": await client.get("/api/credits", headers=token),
        "cancel": await run.cancel(job_id),
        "callback": await client.post("/api/webhooks/fal?jobId=x"),
        "file": await client.get("/media/users/ada/library/x.mp4"),
        "metrics": await client.get("/metrics"),
        "unknown path": await client.get("/nowhere"),
        "unknown method": await client.delete("/api/credits"),
        "preflight": await client.options("/api/credits", headers=ORIGIN),
        "foreign origin": await client.get("/api/credits", headers=token | ORIGIN),
    }


async def test_nosniff_is_on_every_answer(run: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    given = await answers(run)

    def broken(_service: Service) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("app.api.service.Service.require_open", broken)
    given["internal error"] = await run.client.get("/readyz")
    assert given["internal error"].status_code == 500
    for name, answer in given.items():
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"], name


async def test_cors_is_off(run: Running) -> None:
    for name, answer in (await answers(run)).items():
        assert not [each for each in answer.headers if each.startswith("access-control")], name
    asked = ORIGIN | {"Access-Control-Request-Method": "POST"}
    assert (await run.client.options(SUBMIT, headers=asked)).status_code == 405


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_csp_forbids_inline_script_and_the_page_has_none(run: Running, path: str) -> None:
    answer = await run.client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "data:" not in policy.partition("script-src")[2].partition(";")[0]
    for attributes, content in re.findall(r"<script([^>]*)>(.*?)</script>", answer.text, re.DOTALL):
        assert "src=" in attributes
        assert not content.strip()
    assert not re.search(r"<[^>]+\son[a-z]+=|javascript:|<style|\sstyle=", answer.text)


def test_every_route_is_classified_by_owner(settings: Settings) -> None:
    paths = {route.path for route in create_app(settings).routes}  # type: ignore[attr-defined]
    of_users = {path for path in paths if not path.startswith(BACK_OFFICE)}
    in_paths = OWNED_IN_THE_PATH | VIDEOS | SHARED
    assert of_users == OWNED | in_paths | LISTS | OF_THE_TOKEN | OPEN | OWNED_OTHERWISE


async def test_a_second_user_gets_the_same_404_everywhere(run: Running, fal: FalStandIn) -> None:
    running = await run.submitted(user="ada")
    done = await run.submitted(user="ada", image=png(colour="red"))
    fal.complete(fal.newest, small_video())
    await run.finished(done)
    for path in sorted(OWNED):
        method = "POST" if path.endswith("cancel") else "GET"
        for job_id in (running, done):
            foreign, missing = [
                await run.client.request(method, f"{path}?jobId={each}", headers=bearer("eve"))
                for each in (job_id, "no-such-job")
            ]
            assert content_of(foreign) == content_of(missing), path
            assert foreign.status_code == 404
    assert (await run.status(running))["status"] == "pending"


async def test_a_second_user_finds_the_lists_empty_even_with_the_cursor_of_the_first(
    run: Running, fal: FalStandIn
) -> None:
    for colour in ("red", "green"):
        job_id = await run.submitted(user="ada", image=png(colour=colour))
        fal.complete(fal.newest, small_video())
        await run.finished(job_id)
    cursor = (await run.library(limit=1))["nextCursor"]
    assert (await run.library(limit=1, cursor=cursor))["videos"]
    assert (await run.library(user="eve", cursor=cursor))["videos"] == []
    assert await run.money(user="eve") == (100, 0, ["grant"])


async def test_existing_and_missing_files_give_the_same_404_without_a_valid_signature(
    run: Running, fal: FalStandIn
) -> None:
    job_id = await run.submitted(user="ada")
    fal.complete(fal.newest, small_video())
    url = (await run.finished(job_id))["url"]
    assert (await run.client.get(url)).status_code == 200
    path, _, query = url.partition("?")
    for tried in ("", "?" + query.replace("signature=", "signature=0")):
        there = await run.client.get(f"{path}{tried}", headers=bearer("eve"))
        not_there = await run.client.get(f"{path}x{tried}", headers=bearer("eve"))
        assert content_of(there)["detail"] == content_of(not_there)["detail"]
        assert there.status_code == not_there.status_code == 404


def content_of(answer: httpx.Response) -> dict[str, Any]:
    """Return the body and the headers of an answer without its request id."""
    body: dict[str, Any] = answer.json()
    return body | {"headers": dict(answer.headers) | {"x-request-id": ""}}

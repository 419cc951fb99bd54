"""A poll, which passes no routing, is answered as the route answers ``HEAD``."""

import pytest

from app.jobs import lifecycle, snapshots
from app.settings import Settings
from app.storage.local_files import LocalFiles
from tests.support.service import SUBMIT, Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer

PATH = f"{SUBMIT}/status"


async def test_poll_is_answered_as_the_route_would(run: Running, fal: FalStandIn) -> None:
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    await run.finished(job_id)
    seen = []
    for query, token, lost in (
        (f"jobId={job_id}", bearer(), False),
        (f"jobId={job_id}", bearer("bob"), False),
        (f"jobId={job_id}", {}, False),
        ("jobId=none", bearer(), False),
        ("", bearer(), False),
        (f"jobId={job_id}", bearer(), True),
    ):
        away = run.lose_storage() if lost else None
        answers = []
        for method in ("GET", "HEAD"):
            answer = await run.client.request(method, f"{PATH}?{query}", headers=token)
            del answer.headers["X-Request-ID"]
            answers.append((answer.status_code, dict(answer.headers)))
        assert answers[0] == answers[1], query
        seen.append(answers[0][0])
        if away:
            folder = run.service.settings.storage_dir
            folder.unlink()
            away.rename(folder)
    assert seen == [200, 404, 401, 404, 400, 503]


async def test_poll_of_a_known_answer_passes_no_route_and_is_the_same_to_the_byte(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "FRESH", 60.0)
    async with running(settings, fal) as run:
        job_id = await run.submitted()
        await run.wait_for_background()
        named = bearer() | {"X-Request-ID": "poll-1"}
        url = f"{PATH}?jobId={job_id}"
        first = await run.client.get(url, headers=named)
        routed = []
        monkeypatch.setattr(lifecycle.Lifecycle, "latest", lambda *_: routed.append(job_id))
        second = await run.client.get(url, headers=named)
        assert routed == []
        assert second.headers.raw == first.headers.raw
        assert second.content == first.content
        assert dict(second.headers).items() >= {
            ("cache-control", "no-store"),
            ("content-type", "application/json"),
            ("content-length", str(len(second.content))),
            ("x-content-type-options", "nosniff"),
            ("x-request-id", "poll-1"),
        }
        ids = [(await run.client.get(url, headers=bearer())).headers["x-request-id"] for _ in "ab"]
        assert len(set(ids)) == 2


async def test_known_answers_are_for_their_user_and_token_only(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "FRESH", 60.0)
    async with running(settings, fal) as run:
        job_id = await run.submitted()
        await run.credits(user="bob")  # his token is known too
        for token, status in ((bearer(), 200), (bearer("bob"), 404), ({}, 401)):
            for _ in range(2):
                answer = await run.client.get(f"{PATH}?jobId={job_id}", headers=token)
                assert answer.status_code == status


async def test_known_answers_are_timed(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "FRESH", 60.0)
    async with running(settings, fal) as run:
        job_id = await run.submitted()
        counted = f'_count{{method="GET",route="{PATH}",status="200"}}'

        async def polls() -> float:
            metrics = (await run.client.get("/metrics")).text.splitlines()
            return sum(float(line.rpartition(" ")[2]) for line in metrics if counted in line)

        before = await polls()
        for _ in range(3):
            await run.status(job_id)
        assert await polls() == before + 3


async def test_fault_in_a_known_answer_is_answered_by_the_route(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object, **__: object) -> str:
        raise RuntimeError("nobody foresaw this")

    async with running(settings, fal) as run:
        job_id = await run.submitted()
        fal.complete(fal.newest, small_video())
        monkeypatch.setattr(snapshots, "FRESH", 0.0)
        await run.finished(job_id)
        monkeypatch.setattr(LocalFiles, "url", fails)
        answer = await run.client.get(f"{PATH}?jobId={job_id}", headers=bearer())
        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert len(answer.headers.get_list("x-request-id")) == 1

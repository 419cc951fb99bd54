"""Nobody is named in logs, metrics and problems, but for two lines of the log that must name."""

import logging
import re
from urllib.parse import quote

import httpx
import pytest

from app.database.errors import Refused, StatementRejected
from app.settings import Settings
from tests.support.database_failures import failing_sdk, server_error
from tests.support.deletions import carry_on, delete
from tests.support.job_rows import stored_row
from tests.support.seams import FailingSeam
from tests.support.service import SUBMIT, Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import bearer
from tests.telemetry.test_logs import Output, output

__all__ = ["output"]

SUB, EMAIL = "lovelace-1815", "ada.lovelace@example.org"
NAME = "lovelace"
WHO = bearer(SUB, email=EMAIL)
MAY_NAME = re.compile(
    r"\[VIDEO JOB\] Queued job [0-9a-f-]{36} for user ada\.lovelace@example\.org"
    r"|Stored library video metadata for users/lovelace-1815/library/[\w-]+\.mp4"
)
"""Lines that operators of the replaced stack look for."""
REFUSALS = [
    "Couldn't coerce value for field `balance` of `credit_account:lovelace`: Expected `int`",
    "Couldn't coerce value for field `due_at` of `erasure:⟨lovelace-1815⟩`: Expected `datetime`",
    "Couldn't coerce value for field `n` of `library_search:['lovelace-1815', 1, 'j']`: Expected",
]


@pytest.fixture
def seam(output: Output) -> FailingSeam:
    assert output.form
    return FailingSeam(StatementRejected("no such function"))


async def completed(run: Running, fal: FalStandIn) -> str:
    job_id = await run.submitted(user=SUB, headers=WHO)
    await run.wait_for_background()
    fal.complete(fal.newest, small_video(seed=len(fal.requests)))
    assert (await run.finished(job_id, user=SUB))["status"] == "completed"
    return job_id


@pytest.mark.usefixtures("every_poll_asks_fal")
async def test_a_whole_run_names_nobody_but_in_the_two_lines_that_must(
    output: Output,
    seam: FailingSeam,
    settings: Settings,
    fal: FalStandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problems: list[str] = []

    async def keep(answer: httpx.Response) -> None:
        if "problem+json" in answer.headers.get("content-type", ""):
            problems.append((await answer.aread()).decode())

    async with running(settings, fal, seam=seam) as run:
        run.client.event_hooks["response"].append(keep)
        await use(run, fal, seam)
        await fail(run, fal, monkeypatch)
        metrics = (await run.client.get("/metrics")).text
    messages = output.messages()
    naming = [each for each in messages if NAME in each]
    assert [each for each in naming if not MAY_NAME.fullmatch(each)] == []
    assert len(naming) >= 4
    unmatched = output.text
    for line in naming:
        unmatched = unmatched.replace(line, "")
    assert NAME not in unmatched, "a traceback or a field names"
    assert any("is taken; using the next key" in each for each in messages)
    assert any("the search" in each for each in messages)
    assert "of `credit_account:" in output.text
    assert len(problems) > 10
    assert [each for each in problems if NAME in each] == []
    assert NAME not in metrics


async def use(run: Running, fal: FalStandIn, seam: FailingSeam) -> None:
    """Do what users, strangers and the back office do."""
    first = await completed(run, fal)
    key = (await stored_row(run, first))["video_key"]
    taken = run.service.settings.storage_dir / key.replace(".mp4", "-2.mp4")
    taken.write_bytes(b"another application's")
    second = await completed(run, fal)
    await run.rows("DELETE library_search")
    seam.name = "db.library::add_to_search"
    await run.library(user=SUB)
    await run.wait_for_background()
    seam.name = ""
    await run.change(first, user=SUB, title="Night")
    path = f"/api/library/{first}"
    shared = await run.client.post(f"{path}/share", headers=WHO)
    assert (await run.client.get(shared.json()["shareUrl"])).status_code == 200
    await run.client.delete(f"{path}/share", headers=WHO)
    for wrong in (path, f"{SUBMIT}/status?jobId={first}", f"{SUBMIT}/status?jobId={SUB}"):
        assert (await run.client.get(wrong, headers=bearer("eve"))).status_code == 404
    assert (await run.cancel(second, user=SUB)).status_code == 409
    await delete(run, second, user=SUB)
    fal.faults.add("submit", Answer(422, {"detail": "no"}))
    assert (await run.submit(user=SUB, headers=WHO)).status_code == 502
    user = f"users/{quote(SUB, safe='')}"
    grant = {"user": SUB, "credits": 5, "reference": "r"}
    for number in (5, 6, -10_000):
        await run.administer("POST", "credits", grant | {"credits": number})
    await run.administer("PATCH", user, {"suspended": True})
    assert (await run.submit(user=SUB, headers=WHO)).status_code == 403
    await run.administer("DELETE", user)
    await carry_on(run, 1)


async def fail(run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the database, fal and the storage fail."""
    user = f"users/{quote(SUB, safe='')}"
    await run.administer("PATCH", user, {"suspended": False})
    away = run.lose_storage()
    fal.faults.add("upload", Answer(500))
    await run.submit(user=SUB, headers=WHO)
    await run.submit(user=SUB, headers=WHO)
    await run.wait_for_background()
    run.service.settings.storage_dir.unlink()
    away.rename(run.service.settings.storage_dir)
    refusals = [server_error(text, "Internal") for text in REFUSALS]
    with monkeypatch.context() as patched:
        sdk = failing_sdk(patched, [*refusals, OSError(28, "No space left on device")])
        sdk.failing = True
        for _ in REFUSALS:
            try:
                await run.rows("RETURN true")
            except Refused:  # as the server logs what no route expects
                logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
        for _ in range(4):
            for path in ("/api/credits", "/api/library", "/api/jobs"):
                await run.client.get(path, headers=WHO)
            await run.submit(user=SUB, headers=WHO)
            await run.administer("DELETE", user)
            await run.wait_for_background()

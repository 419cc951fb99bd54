"""Videos that a browser saves under their names."""

import re

import pytest

from tests.support.refusals import assert_problem
from tests.support.service import Running
from tests.support.shares import VIDEO, made, share
from tests.support.stand_ins.fal import FalStandIn
from tests.support.tokens import bearer


@pytest.fixture
async def job(run: Running, fal: FalStandIn) -> str:
    """The job of a video of ada's."""
    return await made(run, fal)


async def test_a_download_leads_to_the_file_under_its_name(run: Running, job: str) -> None:
    (video,) = (await run.library())["videos"]
    name = video["key"].rpartition("/")[2]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-night-life-roller\.mp4", name)
    answer = await run.get(f"/api/library/{job}/download")
    assert (answer.status_code, answer.headers["cache-control"]) == (302, "no-store")
    for address in (
        answer.headers["location"],
        video["downloadUrl"],
        (await run.status(job))["downloadUrl"],
    ):
        file = await run.client.get(address)  # without a token, as a link
        assert (file.status_code, file.content) == (200, VIDEO)
        assert file.headers["content-disposition"] == f'attachment; filename="{name}"'
    shown = await run.client.get(video["url"])
    assert shown.headers["content-disposition"] == f'inline; filename="{name}"'


async def test_a_download_answers_head_and_ranges(run: Running, job: str) -> None:
    path = f"/api/library/{job}/download"
    redirect = await run.client.head(path, headers=bearer())
    assert redirect.status_code == 302
    address = redirect.headers["location"]
    head = await run.client.head(address)
    assert head.headers["content-length"] == str(len(VIDEO))
    part = await run.client.get(address, headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert part.headers["content-disposition"].startswith("attachment; ")


async def test_an_unfinished_job_has_no_download(run: Running) -> None:
    unfinished = await run.submitted()
    assert "downloadUrl" not in await run.status(unfinished)
    assert_problem(await run.get(f"/api/library/{unfinished}/download"), 404, "video_not_found")
    assert_problem(await share(run, unfinished), 404, "video_not_found")

"""A key that can neither be written nor read, as a full disk leaves it, stops no delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.jobs.video_objects import KEYS_AT_ONCE
from tests.support.clock import pass_time
from tests.support.job_rows import stored_row
from tests.support.ledger import CHARGED, HELD
from tests.support.s3 import BUCKET, S3Server
from tests.support.service import Running, running
from tests.support.stand_ins.videos import padded, small_video

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.settings import Settings
    from tests.support.stand_ins.fal import FalStandIn

LARGE = padded(small_video(), 20 * 1024 * 1024)
"""It is sent in parts while it arrives."""


@pytest.fixture
async def run(own_s3: S3Server, settings: Settings, fal: FalStandIn) -> AsyncIterator[Running]:
    without_images = own_s3.settings(settings).model_copy(update={"keep_start_images": False})
    async with running(without_images, fal) as run:
        yield run
        assert await run.audit() == []


async def key_base(run: Running, job_id: str) -> str:
    created = (await stored_row(run, job_id))["created_at"]
    return f"users/ada/library/{created:%Y-%m-%d}-night-life-roller"


def spoil(server: S3Server, key: str) -> None:
    """Leave what the server leaves when its disk is full: an object's metadata and no object.

    It then refuses ``If-None-Match: *`` with 412, and finds nothing.
    """
    etag = server.folder / "metadata" / BUCKET / key / "meta" / "etag"
    etag.parent.mkdir(parents=True)
    etag.write_text('"' + "0" * 32 + '"')


async def delivered(run: Running, fal: FalStandIn, job_id: str, video: bytes) -> None:
    fal.complete(fal.newest, video)
    await run.status(job_id)
    await run.wait_for_background()


@pytest.mark.parametrize("video", [small_video(), LARGE], ids=["whole", "in parts"])
@pytest.mark.parametrize("ending", [".mp4", ".jpg"], ids=["video", "poster"])
async def test_a_spoiled_key_is_passed_over(
    run: Running, own_s3: S3Server, fal: FalStandIn, ending: str, video: bytes
) -> None:
    job_id = await run.submitted()
    base = await key_base(run, job_id)
    spoil(own_s3, f"{base}{ending}")
    await delivered(run, fal, job_id, video)
    row = await stored_row(run, job_id)
    assert (row["status"], row["video_key"]) == ("completed", f"{base}-2.mp4")
    assert await run.money() == CHARGED


async def test_a_storage_that_takes_no_key_is_asked_again_later(
    run: Running, own_s3: S3Server, fal: FalStandIn
) -> None:
    job_id = await run.submitted()
    base = await key_base(run, job_id)
    numbers = range(2, KEYS_AT_ONCE + 2)
    for each in (base, *(f"{base}-{number}" for number in numbers)):
        spoil(own_s3, f"{each}.mp4")
    await delivered(run, fal, job_id, small_video())
    row = await stored_row(run, job_id)
    assert (row["status"], row["trouble"]["kind"]) == ("processing", "storage")
    assert await run.money() == HELD
    await pass_time(run, 60)
    row = await stored_row(run, job_id)
    assert (row["status"], row["video_key"]) == ("completed", f"{base}-{KEYS_AT_ONCE + 2}.mp4")
    assert fal.count("media") == 1
    assert await run.money() == CHARGED

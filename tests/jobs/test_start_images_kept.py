"""A start image is kept beside its job, byte for byte, and shown with it in every state."""

import asyncio
import io

import pytest
from PIL import Image

from app.settings import Settings
from tests.support.kept_start_images import hold, kept, objects, row_of
from tests.support.legacy import legacy_row
from tests.support.seams import RecordingSeam
from tests.support.service import Running, png, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import Answer
from tests.support.stand_ins.videos import small_video


def encoded(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "olive").save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(("kind", "extension"), [("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp")])
async def test_an_image_is_kept_byte_for_byte_under_its_real_kind(
    run: Running, kind: str, extension: str
) -> None:
    image = encoded(kind)
    job_id = await run.submitted(image=image)
    assert await kept(run, job_id) == image
    assert await row_of(run, job_id) == (f"users/ada/start/{job_id}.{extension}", True)


async def test_every_state_and_the_library_show_the_image(run: Running, fal: FalStandIn) -> None:
    image = png(colour="teal")
    done = await run.submitted(image=image)
    assert await kept(run, done) == image
    fal.advance(fal.newest, "IN_PROGRESS")
    assert (await run.status(done))["status"] == "processing"
    assert await kept(run, done) == image
    fal.complete(fal.newest, small_video())
    assert (await run.finished(done))["status"] == "completed"
    assert await kept(run, done) == image
    (video,) = (await run.library())["videos"]
    assert (await run.client.get(video["startImageUrl"])).content == image
    failed = await run.submitted(image=image)
    fal.fail(fal.newest)
    assert (await run.finished(failed))["status"] == "failed"
    assert await kept(run, failed) == image
    unwanted = await run.submitted(image=image)
    await run.cancel(unwanted)
    assert (await run.finished(unwanted))["status"] == "cancelled"
    assert await kept(run, unwanted) == image


async def test_a_refused_submit_keeps_its_image_for_another_try(
    run: Running, fal: FalStandIn
) -> None:
    fal.faults.add("submit", Answer(422, {"detail": "blocked"}))
    answer = await run.submit()
    assert answer.status_code == 502
    assert await kept(run, answer.json()["jobId"]) == png()


async def test_a_repeated_submit_stores_nothing_twice(settings: Settings, fal: FalStandIn) -> None:
    seam = RecordingSeam()
    async with running(settings, fal, seam=seam) as run:
        once = {"Idempotency-Key": "click"}
        first = await run.submitted(headers=once)
        assert await run.submitted(headers=once) == first
        await run.wait_for_background()
        assert seam.names.count("storage.put") == 1
        assert len(objects(run)) == 1


async def test_without_the_setting_no_image_is_kept(settings: Settings, fal: FalStandIn) -> None:
    settings = settings.model_copy(update={"keep_start_images": False})
    async with running(settings, fal) as run:
        job_id = await run.submitted()
        assert await kept(run, job_id) is None
        assert await row_of(run, job_id) == (None, False)
        assert objects(run) == []


async def test_a_video_finished_before_its_image_is_stored_shows_it_afterwards(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = asyncio.Event()
    hold(run, monkeypatch, released.wait)
    job_id = await run.submitted()
    fal.complete(fal.newest, small_video())
    run.service.lifecycle.deliver(await run.service.store.get(job_id))
    (delivery,) = [each for each in run.service.background.tasks if "deliver" in each.get_name()]
    await asyncio.wait({delivery})
    shown = await run.status(job_id)
    assert shown["status"] == "completed"
    assert "startImageUrl" not in shown
    (video,) = (await run.library())["videos"]
    assert "startImageUrl" not in video
    released.set()
    assert await kept(run, job_id) == png()
    (video,) = (await run.library())["videos"]
    assert "startImageUrl" in video


@pytest.mark.parametrize("key", ["users/eve/start/old.png", "users/ada/start/old.png", "a.png"])
async def test_a_start_key_of_the_replaced_stack_is_not_shown(run: Running, key: str) -> None:
    row = legacy_row("old", "failed", start_key=key, fal_model="fal-ai/old")
    await run.rows("INSERT INTO video_job $row", row=row)
    assert "startImageUrl" not in await run.status("old")

"""The address of a start image in answers: signed, for its user only, and never out of date."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from app.api.job_presentation import job_body, job_json
from app.domain.job import Job, Stage, Status
from app.errors import StorageUnavailable
from app.settings import Settings
from tests.support.refusals import assert_problem
from tests.support.service import SUBMIT, Running, png, running
from tests.support.stand_ins.fal import FalStandIn

TIME = datetime(2026, 11, 23, tzinfo=UTC)
WAITING = Job(
    id="j",
    user="ada",
    user_email="ada",
    template_slug="night-life-roller",
    fal_model="fal-ai/test",
    request_id="fal-1",
    status=Status.PENDING,
    stage=Stage.QUEUED,
    revision=2,
    credits=10,
    created_at=TIME,
    updated_at=TIME,
    start_key="users/ada/start/j.png",
    start_image_is_stored=True,
)


class Addresses:
    """A storage whose addresses change when ``step`` does; without one it signs none."""

    step: int | None = 1

    async def url(self, key: str) -> str:
        if self.step is None:
            raise StorageUnavailable("away")
        return f"/media/{key}?step={self.step}"


async def body_of(job: Job, storage: Addresses) -> bytes:
    return await job_body(job, storage)  # type: ignore[arg-type] # no other method is used


async def test_an_answer_is_encoded_once_while_its_address_is_the_same() -> None:
    storage = Addresses()
    first, second = await body_of(WAITING, storage), await body_of(WAITING, storage)
    assert first is second
    assert json.loads(first)["startImageUrl"] == "/media/users/ada/start/j.png?step=1"


async def test_an_answer_has_a_new_address_as_soon_as_there_is_one() -> None:
    storage = Addresses()
    await body_of(WAITING, storage)
    storage.step = 2
    later = json.loads(await body_of(WAITING, storage))
    assert later["startImageUrl"] == "/media/users/ada/start/j.png?step=2"


async def test_an_image_that_is_not_stored_or_not_signed_is_absent() -> None:
    storage = Addresses()
    waiting = replace(WAITING, start_image_is_stored=False)
    assert json.loads(await body_of(waiting, storage)) == job_json(waiting)
    assert "startImageUrl" not in job_json(waiting)
    storage.step = None
    assert "startImageUrl" not in json.loads(await body_of(WAITING, storage))


async def test_the_image_is_served_with_its_type_to_whoever_has_the_address(run: Running) -> None:
    job_id = await run.submitted()
    await run.wait_for_background()
    url = (await run.status(job_id))["startImageUrl"]
    assert url.startswith(f"/media/users/ada/start/{job_id}.png?expires=")
    answer = await run.client.get(url)
    assert answer.content == png()
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == f'inline; filename="{job_id}.png"'
    assert_problem(await run.client.get(url.partition("?")[0]), 404, "not_found")
    foreign = await run.get(f"{SUBMIT}/status", user="eve", jobId=job_id)
    assert_problem(foreign, 404, "job_not_found")


async def test_the_address_is_absolute_with_a_public_url(
    settings: Settings, fal: FalStandIn
) -> None:
    public = "https://app.example.com/animate"
    async with running(settings.model_copy(update={"public_url": public}), fal) as run:
        job_id = await run.submitted()
        await run.wait_for_background()
        url = (await run.status(job_id))["startImageUrl"]
        assert url.startswith(f"{public}/media/users/ada/start/")

"""The events that the OpenAPI document describes are those that are sent."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from app.api.job_presentation import ending_body
from app.domain.job import Status
from app.settings import Settings
from tests.api.test_openapi_examples import without_changing_parts
from tests.support.openapi import FORMATS, INTERFACE
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.videos import small_video

WEBHOOKS: dict[str, Any] = INTERFACE.document["webhooks"]
PUBLIC_URL = "https://videos.example.com"
ENDINGS = [status for status in Status if status.is_terminal]


def example_of(ending: Status) -> Any:
    content = WEBHOOKS[f"video{ending.capitalize()}"]["post"]["requestBody"]["content"]
    return content["application/json"]["examples"][ending]["value"]


def validate(event: Any) -> None:
    """Assert that an event matches its schema, and that its job has no unknown property."""
    schema = {"components": INTERFACE.document["components"], "$ref": "#/components/schemas/Event"}
    Draft202012Validator(schema, format_checker=FORMATS).validate(event)
    job = {name: value for name, value in event["data"].items() if name != "user"}
    INTERFACE.validate(job, {"$ref": "#/components/schemas/Job"})


async def ended(run: Running, fal: FalStandIn, ending: Status) -> str:
    job_id = await run.submitted(variables={"mood": "raw"})
    await run.wait_for_background()
    match ending:
        case Status.COMPLETED:
            fal.complete(fal.newest, small_video(seconds=1, width=128, height=72))
        case Status.FAILED:
            fal.fail(fal.newest)
        case _:
            await run.cancel(job_id)
    assert (await run.finished(job_id))["status"] == ending
    return job_id


def test_every_ending_has_an_event() -> None:
    assert WEBHOOKS.keys() == {f"video{ending.capitalize()}" for ending in ENDINGS}


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_example_is_valid_and_an_event_without_a_user_is_not(ending: Status) -> None:
    event = json.loads(json.dumps(example_of(ending)))
    validate(event)
    del event["data"]["user"]
    with pytest.raises(ValidationError, match="'user' is a required property"):
        validate(event)


@pytest.mark.usefixtures("every_poll_asks_fal")
async def test_every_example_equals_a_real_event(settings: Settings, fal: FalStandIn) -> None:
    public = settings.model_copy(update={"public_url": PUBLIC_URL})
    async with running(public, fal) as run:
        for ending in ENDINGS:
            job = await run.service.store.get(await ended(run, fal, ending))
            event = json.loads(await ending_body(job, run.service.storage))
            validate(event)
            found, expected = (
                without_changing_parts(json.dumps(each, sort_keys=True))
                for each in (event, example_of(ending))
            )
            assert found == expected


def test_the_guide_shows_the_example() -> None:
    _, _, text = Path("docs/events.md").read_text().partition("```json\n")
    shown, expected = json.loads(text.partition("```")[0]), example_of(Status.COMPLETED)
    assert shown["data"].keys() == expected["data"].keys()
    short = {name: value for name, value in shown["data"].items() if "?…" not in str(value)}
    assert {**shown, "data": expected["data"] | short} == expected

"""Domain objects as JSON."""

import json
import math
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from app.api.job_presentation import REMEMBERED_BYTES, Addresses, job_body, job_json
from app.api.presentation import rfc3339, template_json
from app.domain.job import Job
from tests.support.job_rows import KEY, LEGACY, STORED, UPDATED, WAITING
from tests.support.templates import choice, number, template, text

ADDRESSES = Addresses(url="/media/v", download_url="/media/d", poster_url="/media/p")


class Unsigned:
    """A storage whose URLs are not signed."""

    async def url(self, key: str, *, download: bool = False) -> str:
        return f"/media/{key}{'?download=1' if download else ''}"


def test_queued_job_has_its_queue_position_and_no_absent_fields() -> None:
    assert job_json(Job.from_row(WAITING)) == {
        "jobId": "0199c5d0",
        "status": "pending",
        "stage": "queued",
        "templateSlug": "night-life-roller",
        "falModel": "fal-ai/test",
        "variables": {},
        "credits": 10,
        "createdAt": "2025-10-08T21:30:00.000000Z",
        "updatedAt": "2025-10-08T21:31:00.250000Z",
        "queuePosition": 3,
    }


@pytest.mark.parametrize("row", [LEGACY, LEGACY | {"variables": None}, LEGACY | {"variables": []}])
def test_legacy_job_without_variables_shows_none(row: dict[str, Any]) -> None:
    assert job_json(Job.from_row(row | {"status": "pending"}))["variables"] == {}


async def test_legacy_variables_of_other_types_are_shown_as_texts() -> None:
    odd = {"made": UPDATED, "price": Decimal("1.5"), "nan": math.nan, "list": [1], "none": None}
    job = Job.from_row(WAITING | {"variables": {"mood": "raw", "seed": 5, "loop": True} | odd})
    sent = await job_body(job, Unsigned())  # type: ignore[arg-type] # no other method is used
    assert json.loads(sent, parse_constant=pytest.fail)["variables"] == {
        "mood": "raw",
        "seed": 5,
        "loop": True,
        "made": str(UPDATED),
        "price": "1.5",
        "nan": "nan",
        "list": "[1]",
    }


async def test_a_long_answer_is_not_kept() -> None:
    job = Job.from_row(WAITING | {"variables": {"line": "x" * REMEMBERED_BYTES}})
    first, second = [
        await job_body(job, Unsigned())  # type: ignore[arg-type] # no other method is used
        for _ in range(2)
    ]
    assert first == second
    assert first is not second


def test_queue_position_zero_is_included() -> None:
    assert job_json(Job.from_row(WAITING | {"queue_position": 0}))["queuePosition"] == 0


def test_completed_job_includes_its_video() -> None:
    job = Job.from_row(STORED)
    assert (job.video_key, job.poster_key) == (f"{KEY}.mp4", f"{KEY}.jpg")
    shown = job_json(job, ADDRESSES)
    waiting = job_json(Job.from_row(WAITING))
    assert {name: value for name, value in shown.items() if waiting.get(name) != value} == {
        "status": "completed",
        "stage": "done",
        "completedAt": "2025-10-08T21:32:00.000000Z",
        "url": "/media/v",
        "downloadUrl": "/media/d",
        "key": f"{KEY}.mp4",
        "posterUrl": "/media/p",
        "bytes": 1_234_567,
        "durationSeconds": 5.2,
        "width": 1280,
        "height": 720,
        "codec": "h264",
    }


def test_a_completed_job_of_an_earlier_release_has_no_codec() -> None:
    earlier = {name: value for name, value in STORED.items() if name != "codec"}
    assert "codec" not in job_json(Job.from_row(earlier), ADDRESSES)


def test_job_that_is_being_stored_includes_no_video() -> None:
    storing = STORED | {"status": "processing", "stage": "storing", "completed_at": None}
    shown = job_json(Job.from_row(storing), ADDRESSES)
    assert shown.keys().isdisjoint(
        {"url", "downloadUrl", "key", "posterUrl", "bytes", "completedAt"}
    )


def test_failed_job_includes_its_error() -> None:
    failed = WAITING | {
        "status": "failed",
        "stage": "done",
        "error_code": "fal_rejected",
        "error": "Blocked",
    }
    shown = job_json(Job.from_row(failed))
    assert shown["error"] == {"code": "fal_rejected", "message": "Blocked"}


def test_failed_legacy_job_without_an_error_has_a_default_error() -> None:
    assert job_json(Job.from_row(LEGACY | {"status": "failed"}))["error"] == {
        "code": "interrupted",
        "message": "The video could not be generated.",
    }


def test_time_is_formatted_in_utc_with_six_decimals() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    assert rfc3339(datetime(2025, 10, 8, 3, tzinfo=east)) == "2025-10-07T21:30:00.000000Z"
    assert rfc3339(UPDATED.replace(microsecond=7)) == "2025-10-08T21:31:00.000007Z"


async def test_job_is_encoded_as_compact_utf8() -> None:
    job = replace(Job.from_row(STORED), template_slug="über")
    sent = await job_body(job, Unsigned())  # type: ignore[arg-type] # no other method is used
    addresses = Addresses(
        url=f"/media/{KEY}.mp4",
        download_url=f"/media/{KEY}.mp4?download=1",
        poster_url=f"/media/{KEY}.jpg",
    )
    assert json.loads(sent) == job_json(job, addresses)
    assert b" " not in sent
    assert "über".encode() in sent


async def test_unfinished_job_is_encoded_once_for_all_polls() -> None:
    job = Job.from_row(WAITING)
    first, second = [
        await job_body(job, Unsigned())  # type: ignore[arg-type] # no other method is used
        for _ in range(2)
    ]
    assert first is second
    assert json.loads(first) == job_json(job)


def test_template_includes_the_least_side_of_its_start_image() -> None:
    assert template_json(template(minimum_side=300))["minimumSide"] == 300


def test_template_includes_what_is_known_of_its_model_and_its_prices() -> None:
    given = template(
        choice("d", 5, 10, default=5),
        factors={"d": {"10": 1.75}},
        model_name="Test 2",
        aspect_ratios=["16:9", "1:1"],
        start_side=1920,
    )
    shown = json.loads(json.dumps(template_json(given)))
    assert shown | {"variables": []} == {
        "slug": "test",
        "title": "Test",
        "description": "",
        "credits": 1,
        "factors": {"d": {"10": 1.75}},
        "falModel": "fal-ai/test",
        "modelName": "Test 2",
        "aspectRatios": ["16:9", "1:1"],
        "startSide": 1920,
        "variables": [],
    }


def test_a_start_image_of_the_default_side_is_not_below_the_least_side() -> None:
    assert template_json(template(minimum_side=2000))["startSide"] == 2000


def test_template_includes_its_variables_and_their_bounds() -> None:
    given = template(
        text(maxLength=9, default=""),
        choice("d", 5, required=True, default=5),
        number(minimum=0, maximum=9),
    )
    assert template_json(given) == {
        "slug": "test",
        "title": "Test",
        "description": "",
        "credits": 1,
        "falModel": "fal-ai/test",
        "modelName": "fal-ai/test",
        "startSide": 1280,
        "variables": [
            {
                "name": "line",
                "label": "line",
                "type": "text",
                "required": False,
                "default": "",
                "maxLength": 9,
            },
            {
                "name": "d",
                "label": "d",
                "type": "choice",
                "required": True,
                "default": 5,
                "choices": [5],
            },
            {
                "name": "seed",
                "label": "seed",
                "type": "number",
                "required": False,
                "minimum": 0,
                "maximum": 9,
            },
        ],
    }

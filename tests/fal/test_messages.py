"""The arguments of a model, as they are sent to fal's queue."""

import json
import math
from typing import Any

import pytest

from app.fal.messages import encode_arguments
from app.fal.queue import Fal
from app.jobs import handover
from tests.fal.conftest import MODEL
from tests.support.ledger import RELEASED
from tests.support.service import Running
from tests.support.stand_ins.fal import FalStandIn

CIRCULAR: dict[str, object] = {}
CIRCULAR["self"] = CIRCULAR
DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]


def test_arguments_keep_their_types_and_their_text() -> None:
    arguments = {"prompt": "schön & “weit”\n", "duration": "5", "fps": 24, "scale": 0.5, "n": None}
    assert json.loads(encode_arguments(arguments)) == arguments


@pytest.mark.parametrize(
    "arguments",
    [
        {"scale": math.nan},
        {"scale": math.inf},
        {"prompt": "half a pair \ud83d"},
        {"image": b"bytes"},
        CIRCULAR,
        {"deep": DEEP},
    ],
    ids=["NaN", "infinity", "surrogate", "bytes", "circular", "too deep"],
)
def test_arguments_that_json_cannot_express_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"^The arguments for fal cannot be written as JSON: "):
        encode_arguments(arguments)


async def test_a_submit_sends_exactly_the_bytes_it_is_given(fal: FalStandIn, client: Fal) -> None:
    body = b'{ "prompt" : "sch\xc3\xb6n" }'
    await client.submit(MODEL, body, webhook_url=None)
    call = fal.last("submit")
    assert (call.body, call.headers["content-type"]) == (body, "application/json")


async def test_a_job_whose_arguments_cannot_be_encoded_is_never_recorded_as_submitted(
    run: Running, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> bytes:
        raise ValueError("for a test")

    monkeypatch.setattr(handover, "encode_arguments", refuse)
    assert (await run.submit()).status_code == 500
    (job,) = await run.rows("SELECT * FROM video_job")
    assert (job["stage"], job.get("submitted_at")) == ("done", None)
    assert fal.count("submit") == 0
    assert await run.money() == RELEASED

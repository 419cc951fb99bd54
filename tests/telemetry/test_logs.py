"""No value can forge a record of the log, and no secret is ever in it."""

import io
import json
import logging
import re
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import stamina.instrumentation

from app.jobs import snapshots
from app.telemetry import logs
from tests.support.database import migrated, settings_of, surreal_server
from tests.support.s3 import ACCESS_KEY_ID, BUCKET, SECRET_ACCESS_KEY, s3_server
from tests.support.service import SUBMIT, Running, png, running, settings_for
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_wire import UPLOAD_TOKEN
from tests.support.stand_ins.videos import small_video
from tests.support.tokens import ROOT_PASSWORD, SECRET, bearer, token

HOSTILE = "eve@x\r\n2026-01-01 00:00:00,000 INFO    forged\x1b[31m\x9b31m\u2028\u202e\x00\x7f"
REQUEST = re.compile(r"^\[[0-9a-f]{32}\] ")
RECORD = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR) +\S.*")


KEYS = {"time", "level", "logger", "message", "request_id", "job_id"}


@dataclass
class Output:
    """The log in one of its two forms."""

    form: str
    stream: io.StringIO

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def messages(self) -> list[str]:
        """Return each record's message; every line must be a record or part of a traceback."""
        assert all(each.isprintable() or each == "\n" for each in self.text)
        if self.form == "json":
            return [record["message"] for record in self.records()]
        records = [line for line in self.text.splitlines() if not line.startswith("  ")]
        assert all(RECORD.fullmatch(line) for line in records), records
        return [REQUEST.sub("", line.split(None, 3)[3]) for line in records]

    def records(self) -> list[dict[str, Any]]:
        """Return the records of the JSON form, each of which must have all keys."""
        records: list[dict[str, Any]] = [json.loads(line) for line in self.text.splitlines()]
        assert all(record.keys() - {"exc_info"} == KEYS for record in records)
        return records


@pytest.fixture(params=["text", "json"])
def output(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Output]:
    """The log of the test at level DEBUG, as the process would write it."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    loggers = [logging.getLogger(name) for name in ("", "uvicorn.access", *logs.QUIET)]
    before = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    logs.configure("DEBUG", request.param)
    yield Output(request.param, stream)
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers
    stamina.instrumentation.set_on_retry_hooks(None)


def test_every_message_is_one_line(output: Output) -> None:
    logging.getLogger("app").warning("Queued for %s", HOSTILE)
    (message,) = output.messages()
    assert message.startswith("Queued for eve@x")


def test_a_traceback_cannot_imitate_a_record(output: Output) -> None:
    logging.getLogger("app").error("It broke", exc_info=ValueError(HOSTILE))
    assert output.messages() == ["It broke"]


def test_uvicorns_records_have_the_same_form(output: Output) -> None:
    extra = {"color_message": "Started \x1b[36m%d\x1b[0m"}
    logging.getLogger("uvicorn.error").info("Started %d", 7, extra=extra)
    assert output.messages() == ["Started 7"]


async def test_values_from_a_caller_cannot_forge_a_record(
    output: Output, run: Running, fal: FalStandIn
) -> None:
    answer = await run.client.post(
        SUBMIT,
        files={"startImage": (HOSTILE, png(), "image/png")},
        data={"data": json.dumps({"templateSlug": "gentle-zoom", "note": HOSTILE})},
        headers=bearer("eve", email=HOSTILE),
    )
    job_id = answer.json()["jobId"]
    (request_id,) = fal.requests
    fal.fail(request_id, detail=HOSTILE)
    await run.finished(job_id, user="eve")
    await run.get(f"/{quote(HOSTILE)}")
    messages = output.messages()
    assert any(message.startswith(f"[VIDEO JOB] Queued job {job_id}") for message in messages)
    assert any("Failed, fal_rejected" in message for message in messages)


@pytest.fixture
async def exposed(
    output: Output, tmp_path: Path, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Running]:
    """A service whose settings hold every kind of secret."""
    assert output.form
    monkeypatch.setattr(snapshots, "FRESH", 0.0)
    (tmp_path / "s3").mkdir()
    with surreal_server(tmp_path / "surreal") as database, s3_server(tmp_path / "s3") as s3:
        address = database.address()
        async with migrated(address):
            pass
        settings = settings_for(
            address.url,
            tmp_path / "storage",
            fal_key=FalStandIn.key,
            public_url="https://videos.example",
            r2_endpoint_url=s3.endpoint_url,
            r2_bucket=BUCKET,
            r2_access_key_id=ACCESS_KEY_ID,
            r2_secret_access_key=SECRET_ACCESS_KEY,
            **settings_of(address),
        )
        async with running(settings, fal) as service:
            yield service


async def test_no_secret_is_ever_logged(output: Output, exposed: Running, fal: FalStandIn) -> None:
    forged = token("ada", secret="not the secret of this service, but as long")
    await exposed.client.get("/api/credits", headers={"Authorization": f"Bearer {forged}"})
    job_id = await exposed.submitted()
    (request_id,) = fal.requests
    fal.complete(request_id, small_video())
    fal.requests[request_id].output["video"]["url"] += "?X-Signature=of-the-media-host"
    job = await exposed.finished(job_id)
    assert job["status"] == "completed", job
    await exposed.library()

    text = output.text
    assert "Completed, downloading from https://v3.fal.media/" in text
    assert "Stored library video metadata" in text
    signed = parse_qs(urlsplit(job["url"]).query)
    secrets = [
        *(forged, bearer()["Authorization"], "Bearer ", SECRET),
        *(FalStandIn.key, FalStandIn.key.partition(":")[2], UPLOAD_TOKEN),
        *(SECRET_ACCESS_KEY, signed["X-Amz-Signature"][0], "X-Amz-Signature"),
        *("of-the-media-host", "X-Signature", '"password"', ROOT_PASSWORD),
    ]
    assert [secret for secret in secrets if secret in text] == []

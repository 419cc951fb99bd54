"""A whole job with the client of openapi-python-client."""

import io
import json
import os
import time
from typing import TypeVar

from video_generation_client import AuthenticatedClient, Client
from video_generation_client.api.account import credits_, library, templates
from video_generation_client.api.videos import cancel, status, submit
from video_generation_client.models import (
    Accepted,
    Catalogue,
    Credits,
    Job,
    Library,
    Order,
    OrderVariables,
    Problem,
    ProblemCode,
    Status,
    Submission,
)
from video_generation_client.types import File

T = TypeVar("T")
SERVICE = os.environ["SERVICE"]


def expect(kind: type[T], answer: object) -> T:
    assert isinstance(answer, kind), answer
    return answer


def order(template: str) -> Submission:
    variables = OrderVariables.from_dict({"mood": "raw"})
    image = File(io.BytesIO(open("canvas.png", "rb").read()), "canvas.png", "image/png")
    return Submission(image, json.dumps(Order(template, variables).to_dict()))


client = AuthenticatedClient(SERVICE, os.environ["TOKEN"])
catalogue = expect(Catalogue, templates.sync(client=Client(SERVICE)))
template = next(each for each in catalogue.templates if each.slug == "night-life-roller")

accepted = expect(Accepted, submit.sync(client=client, body=order(template.slug)))
assert accepted.credits_ == template.credits_
while True:
    job = expect(Job, status.sync(client=client, job_id=accepted.job_id))
    if job.status not in {Status.PENDING, Status.PROCESSING}:
        break
    time.sleep(0.05)
assert job.status is Status.COMPLETED, job
assert isinstance(job.url, str)
assert isinstance(job.bytes_, int)

videos = expect(Library, library.sync(client=client, limit=5)).videos
assert [video.job_id for video in videos] == [job.job_id]
account = expect(Credits, credits_.sync(client=client))
assert account.entries[0].kind.value == "charge"
assert account.entries[0].created_at.tzinfo is not None

second = expect(Accepted, submit.sync(client=client, body=order(template.slug)))
cancelled = expect(Job, cancel.sync(client=client, job_id=second.job_id))
assert cancelled.status is Status.CANCELLED, cancelled

refused = {
    ProblemCode.JOB_FINISHED: cancel.sync(client=client, job_id=job.job_id),
    ProblemCode.JOB_NOT_FOUND: status.sync(client=client, job_id="no-such"),
    ProblemCode.TEMPLATE_NOT_FOUND: submit.sync(client=client, body=order("no-such")),
    ProblemCode.UNAUTHENTICATED: library.sync(client=AuthenticatedClient(SERVICE, "wrong")),
}
for code, answer in refused.items():
    assert expect(Problem, answer).code is code

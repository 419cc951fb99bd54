"""A whole job with the Python client of openapi-generator."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from openapi_client import AccountApi, ApiClient, ApiException, Configuration, Problem, VideosApi

SERVICE = os.environ["SERVICE"]
client = ApiClient(Configuration(host=SERVICE, access_token=os.environ["TOKEN"]))
stranger = ApiClient(Configuration(host=SERVICE, access_token="wrong"))
videos, account = VideosApi(client), AccountApi(client)
image = ("canvas.png", Path("canvas.png").read_bytes())


def order(template: str) -> str:
    return json.dumps({"templateSlug": template, "variables": {"mood": "raw"}})


def code(call: Callable[[], object]) -> str:
    try:
        call()
    except ApiException as error:
        problem = Problem.from_json(error.body or "")
        assert problem is not None
        return str(problem.code)
    raise AssertionError("not refused")


(template,) = (each for each in account.templates().templates if each.slug == "night-life-roller")

accepted = videos.submit(image, order(template.slug))
assert accepted.credits == template.credits
job = videos.status(accepted.job_id)
while job.status in {"pending", "processing"}:
    time.sleep(0.05)
    job = videos.status(accepted.job_id)
assert job.status == "completed", job
assert job.url
assert job.bytes

assert [video.job_id for video in account.library(limit=5).videos] == [job.job_id]
assert account.credits().entries[0].kind == "charge"

second = videos.submit(image, order(template.slug))
assert videos.cancel(second.job_id).status == "cancelled"

assert code(lambda: videos.cancel(job.job_id)) == "job_finished"
assert code(lambda: videos.status("no-such")) == "job_not_found"
assert code(lambda: videos.submit(image, order("no-such"))) == "template_not_found"
assert code(AccountApi(stranger).library) == "unauthenticated"

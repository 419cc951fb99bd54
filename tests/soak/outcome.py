"""The invariants that hold after a simulation, no matter which processes were killed."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.database.audit import audit
from app.database.client import Database
from tests.soak.backends import Backends
from tests.soak.browsers import Browsers
from tests.soak.fal_worker import CLIENT_CANCELLED, FalWorker
from tests.support.database import connected
from tests.support.service import TERMINAL
from tests.support.stand_ins.fal import FalStandIn

Row = dict[str, Any]

UNSENT = {"interrupted", "submit_unconfirmed", "deadline_exceeded", "fal_unavailable"}
"""Error codes of jobs that may have failed without a request id from fal."""


@dataclass(frozen=True)
class Outcome:
    """The broken invariants, and the number of jobs by status or error code."""

    failures: list[str]
    ends: Counter[str]


async def inspect(backends: Backends, browsers: Browsers, fal_worker: FalWorker) -> Outcome:
    """Check the database, the bucket and fal against what the users have seen."""
    async with connected(backends.address) as database, backends.storage() as storage:
        violations = [str(each) for each in await audit(database, storage, read=True)]
        jobs = await rows(database)
    failures = [
        *violations,
        *(failure for job in jobs.values() for failure in of_job(job, backends.fal)),
        *(f"{job} was accepted and is gone" for job in browsers.accepted.keys() - jobs.keys()),
        *(
            f"{job}: {end}, then {jobs[job]['status'] if job in jobs else 'gone'}"
            for job, end in browsers.ends.items()
            if job not in jobs or jobs[job]["status"] != end
        ),
        *of_submits(backends.fal, jobs),
        *of_callbacks(fal_worker.acknowledged, jobs),
    ]
    ends = Counter(job.get("error_code") or job["status"] for job in jobs.values())
    return Outcome(failures, ends)


async def rows(database: Database) -> dict[str, Row]:
    """Return every job by its id."""
    return {job["id"].id: job for job in await database.query("SELECT * FROM video_job")}


def of_submits(fal: FalStandIn, jobs: dict[str, Row]) -> Iterator[str]:
    """Check that every job was submitted at most once, with its own prompt."""
    submits = [call for call in fal.calls if call.name == "submit"]
    submitted = Counter(call.query["fal_webhook"].partition("jobId=")[2] for call in submits)
    yield from (f"{job} was submitted {n} times" for job, n in submitted.items() if n > 1)
    yield from (f"{job} was submitted and is gone" for job in submitted.keys() - jobs.keys())
    for call in submits:
        job_id = call.query["fal_webhook"].partition("jobId=")[2]
        if job_id not in jobs:
            continue
        headline = jobs[job_id]["variables"].get("headline", "")  # an erased job has none
        if headline not in json.loads(call.body)["prompt"]:
            yield f"{job_id} was submitted with the prompt of another job"


def of_callbacks(accepted: set[str], jobs: dict[str, Row]) -> Iterator[str]:
    """Check that each request of an accepted callback still belongs to exactly one job."""
    known = Counter(job.get("fal_request_id") for job in jobs.values())
    yield from (f"{request} was accepted and is gone" for request in accepted - known.keys())
    del known[None]
    yield from (f"{request} belongs to {n} jobs" for request, n in known.items() if n > 1)


def of_job(job: Row, fal: FalStandIn) -> Iterator[str]:
    """Check that a job ended as its request at fal did, with exactly fal's bytes."""
    job_id, status = job["id"].id, job["status"]
    request_id = job.get("fal_request_id")
    if status not in TERMINAL:
        yield f"{job_id} is still {status}, {job['stage']}"
    if request_id is None:
        if status == "completed" or (status == "failed" and job["error_code"] not in UNSENT):
            yield f"{job_id}: {status}, {job.get('error_code')}, without a request at fal"
        return
    expected = end_of(request_id, fal)
    if status != expected:
        yield f"{job_id}: {status}, {job.get('error_code')}, expected {expected} by its request"
    if status == "completed" and job["sha256"] != digest_of(request_id, fal):
        yield f"{job_id} has other bytes than fal's video"


def end_of(request_id: str, fal: FalStandIn) -> str:
    """Return the status that the job of this request must have."""
    match fal.requests.get(request_id):
        case None:
            return "cancelled"  # fal drops a request that is cancelled in its queue
        case request if request.refusal is None:
            return "completed"
        case request:
            return "cancelled" if request.refusal[0] == CLIENT_CANCELLED else "failed"


def digest_of(request_id: str, fal: FalStandIn) -> str:
    url = fal.requests[request_id].output["video"]["url"]
    return hashlib.sha256(fal.media[url]).hexdigest()

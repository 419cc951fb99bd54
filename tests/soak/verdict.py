"""What must be true in the end, whatever has happened."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.database.audit import audit
from app.database.client import Database
from tests.soak.browsers import Browsers
from tests.soak.provider import CLIENT_CANCELLED, Provider
from tests.soak.world import World
from tests.support.database import connected
from tests.support.service import TERMINAL
from tests.support.stand_ins.fal import FalStandIn

Row = dict[str, Any]

UNSENT = {"interrupted", "submit_unconfirmed", "deadline_exceeded", "fal_unavailable"}
"""Why a job may have failed of which nobody knows that fal has it."""


@dataclass(frozen=True)
class Verdict:
    """What is wrong, and how many jobs came to which end."""

    troubles: list[str]
    ends: Counter[str]


async def judge(world: World, browsers: Browsers, provider: Provider) -> Verdict:
    """Look at everything that is left behind."""
    async with connected(world.address) as database, world.storage() as storage:
        violations = [str(each) for each in await audit(database, storage, read=True)]
        jobs = await rows(database)
    troubles = [
        *violations,
        *(trouble for job in jobs.values() for trouble in of_job(job, world.fal)),
        *(f"{job} was acknowledged and is gone" for job in browsers.accepted.keys() - jobs.keys()),
        *(
            f"{job}: {end}, then {jobs[job]['status']}"
            for job, end in browsers.ends.items()
            if jobs[job]["status"] != end
        ),
        *of_submits(world.fal, jobs),
        *of_callbacks(provider.heard, jobs),
    ]
    ends = Counter(job.get("error_code") or job["status"] for job in jobs.values())
    return Verdict(troubles, ends)


async def rows(database: Database) -> dict[str, Row]:
    """Return every job by its id."""
    return {job["id"].id: job for job in await database.query("SELECT * FROM video_job")}


def of_submits(fal: FalStandIn, jobs: dict[str, Row]) -> Iterator[str]:
    """Every job was submitted at most once, and with its own words."""
    submits = [call for call in fal.calls if call.name == "submit"]
    submitted = Counter(call.query["fal_webhook"].partition("jobId=")[2] for call in submits)
    yield from (f"{job} was submitted {n} times" for job, n in submitted.items() if n > 1)
    for call in submits:
        job_id = call.query["fal_webhook"].partition("jobId=")[2]
        if jobs[job_id]["variables"]["headline"] not in json.loads(call.body)["prompt"]:
            yield f"{job_id} was submitted with the words of another"


def of_callbacks(heard: set[str], jobs: dict[str, Row]) -> Iterator[str]:
    """What fal's callback has named belongs to a job for good, to one."""
    known = Counter(job.get("fal_request_id") for job in jobs.values())
    yield from (f"{request} was heard of and forgotten" for request in heard - known.keys())
    del known[None]
    yield from (f"{request} belongs to {n} jobs" for request, n in known.items() if n > 1)


def of_job(job: Row, fal: FalStandIn) -> Iterator[str]:
    """A job ended as fal's word was, with the very bytes of fal's."""
    job_id, status = job["id"].id, job["status"]
    request_id = job.get("fal_request_id")
    if status not in TERMINAL:
        yield f"{job_id} is still {status}, {job['stage']}"
    if request_id is None:
        if status == "completed" or (status == "failed" and job["error_code"] not in UNSENT):
            yield f"{job_id}: {status}, {job.get('error_code')}, and fal never had it"
        return
    expected = end_of(request_id, fal)
    if status != expected:
        yield f"{job_id}: {status}, {job.get('error_code')}, while fal says {expected}"
    if status == "completed" and job["sha256"] != digest_of(request_id, fal):
        yield f"{job_id} has other bytes than fal made"


def end_of(request_id: str, fal: FalStandIn) -> str:
    """Return what has to become of a job whose request ended like this."""
    match fal.requests.get(request_id):
        case None:
            return "cancelled"  # while it was in the queue
        case request if request.refusal is None:
            return "completed"
        case request:
            return "cancelled" if request.refusal[0] == CLIENT_CANCELLED else "failed"


def digest_of(request_id: str, fal: FalStandIn) -> str:
    url = fal.requests[request_id].output["video"]["url"]
    return hashlib.sha256(fal.media[url]).hexdigest()

"""The audit's rules for the rows of one job."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

from app import times
from app.domain.job import Job, Status, whole_microseconds
from app.storage.keys import folder_of, poster_key, video_key_base

ERROR_CODES = {
    "fal_rejected",
    "fal_unavailable",
    "submit_unconfirmed",
    "interrupted",
    "video_rejected",
    "video_unavailable",
    "deadline_exceeded",
}
TERMINAL = {Status.COMPLETED, Status.FAILED, Status.CANCELLED}
NEXT: dict[Status | None, set[Status]] = {
    None: {Status.PENDING, Status.PROCESSING},
    Status.PENDING: set(Status),
    Status.PROCESSING: {Status.PROCESSING, *TERMINAL},
    **{status: {status} for status in TERMINAL},
}
"""The statuses that may follow a status; an event's first status follows None."""

LONGEST_RETRY = timedelta(seconds=1.15 * times.LONGEST_RETRY_WAIT)
LONGEST_LOOK = timedelta(minutes=2)
"""How far ahead ``fn::video_job::due`` accepts the due time of a job that fal has."""
LONGEST_SILENCE = timedelta(seconds=3660)
"""The due time of a job that fal does not have yet, with the highest SUBMIT_TIMEOUT."""
LONGEST_DEADLINE = timedelta(days=365)
"""The highest JOB_DEADLINE_HOURS."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Violation:
    """A broken invariant; ``subject`` is a job or a user."""

    subject: str
    finding: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.finding}"


def is_delivered_here(job: Row) -> bool:
    """Return whether this service completed the job, or should have."""
    return job["status"] == Status.COMPLETED and (bool(job.get("attempts")) or not _is_legacy(job))


def check_job(job: Row) -> Iterator[Violation]:
    """Compare a job with its ledger entries, library row, request, key and events."""
    for rule in (
        _readable,
        _ownership,
        _request,
        _key,
        _money,
        _library,
        _times,
        _history,
        _support,
    ):
        for finding in rule(job):
            yield Violation(job["id"], finding)


def _is_legacy(job: Row) -> bool:
    """Return whether the replaced stack wrote the job: nobody paid here, fal's request is its id.

    Its row may have a price of the replaced stack, but no revision then.
    """
    has_price = job.get("credits") and job.get("revision") is not None
    paid = has_price or "hold" in {kind for kind, _, _ in job["entries"]}
    return not paid and (job.get("attempts") is None or job.get("fal_request_id") == job["id"])


def _readable(job: Row) -> Iterator[str]:
    try:
        Job.from_row({**job, "id": job["record"]})
    except (KeyError, TypeError, ValueError) as error:
        yield f"cannot be read: {error!r}"


def _ownership(job: Row) -> Iterator[str]:
    users = {user for _, _, user in job["entries"]} | {(job["listed"] or job)["user"]}
    if users != {job["user"]}:
        yield f"belongs to {job['user']}, its ledger entries and library row to {sorted(users)}"


def _request(job: Row) -> Iterator[str]:
    request, owner = job.get("fal_request_id"), job["request_owner"]
    if owner not in {None, job["id"]}:
        yield f"its request belongs to {owner}"
    if owner is None and request not in {None, job["id"]}:
        yield f"its request {request} has no row in fal_request"
    if request is None and is_delivered_here(job):
        yield "is completed without a request of fal"


def _key(job: Row) -> Iterator[str]:
    key = job.get("video_key")
    if is_delivered_here(job) and not key:
        yield "is completed without a storage key"
    if not key or not job.get("attempts"):
        return
    folder = f"users/{folder_of(job['user'])}/library/"
    if not key.startswith(folder):
        yield f"is stored in another user's folder: {key}"
    others = [str(each) for each in job["key_owners"] if str(each) != job["id"]]
    if others:
        yield f"its key {key} belongs to two jobs, also to {others[0]}"
    # The replaced stack reserved no keys and built them in another way.
    if job.get("fal_request_id") == job["id"]:
        return
    if not job["key_is_taken"]:
        yield f"its key {key} has no row in storage_key_taken"
    day = whole_microseconds(job["created_at"]).date()
    base = video_key_base(job["user"], day, job["template_slug"])
    if not re.fullmatch(rf"{re.escape(base)}(-[1-9]\d*)?\.mp4", key):
        yield f"its key {key} is not one of {base}"


def _money(job: Row) -> Iterator[str]:
    entries = {kind: amount for kind, amount, _ in job["entries"]}
    if set(entries) != _expected_entries(job):
        yield f"is {job['status']} with ledger entries {sorted(entries)}"
    if set(entries.values()) - {job.get("credits") or 0}:
        yield f"costs {job.get('credits')}, but its ledger entries are {entries}"


def _expected_entries(job: Row) -> set[str]:
    """Return the kinds of a job's entries; a job of the replaced stack has no hold."""
    kinds = set[str]() if _is_legacy(job) else {"hold"}
    if is_delivered_here(job):
        kinds.add("charge")
        kinds |= {kind for kind, _, _ in job["entries"] if kind == "refund"}
    if kinds and job["status"] in {Status.FAILED, Status.CANCELLED}:
        kinds.add("release")
    return kinds


def _library(job: Row) -> Iterator[str]:
    listed = job["listed"]
    # The backfill may list a video of the replaced stack; it has no poster.
    may_be_listed = job["status"] == Status.COMPLETED
    if (listed is None and is_delivered_here(job)) or (listed is not None and not may_be_listed):
        yield f"is {job['status']} and {'' if listed else 'not '}in the library"
    if listed is None:
        return
    if listed["key"] != job.get("video_key"):
        yield f"has the key {job.get('video_key')}, but its library row has {listed['key']}"
    facts = ("poster_key", "template_slug", "bytes", "duration_seconds", "width", "height", "codec")
    pairs = [(name, job.get(name), listed.get(name)) for name in facts]
    pairs += [("completed_at", job.get("completed_at"), listed["created_at"])]
    for name, expected, found in pairs:
        if expected != found:
            yield f"has {name} {expected}, but its library row has {found}"
    if is_delivered_here(job) and job.get("poster_key") != poster_key(listed["key"]):
        yield f"its poster {job.get('poster_key')} does not belong to its key {listed['key']}"


def _times(job: Row) -> Iterator[str]:
    """Check that an ended job waits for nothing, and any other is due soon and has a deadline."""
    status = job["status"]
    due, lease, trouble = job.get("due_at"), job.get("lease"), job.get("trouble")
    if status in TERMINAL:
        if due or lease:
            yield f"is {status} but still due or leased"
        has_reason = job.get("error_code") in ERROR_CODES and job.get("error")
        if status == Status.FAILED and job.get("revision") and not has_reason:
            yield "failed without a reason"
        return
    if job.get("stage") and not due:
        yield f"is {status} but never due, so the sweep does not find it"
    deadline = job.get("deadline_at")
    if job.get("stage") and not deadline:
        yield f"is {status} without a deadline"
    waits_for_webhook = not job.get("fal_request_id") and due == deadline
    longest_due = LONGEST_LOOK if job.get("fal_request_id") else LONGEST_SILENCE
    for name, time, longest in (
        ("its deadline", deadline, LONGEST_DEADLINE),
        ("due", None if waits_for_webhook else due, longest_due),
        ("leased until", lease and lease["until"], timedelta(seconds=times.LEASE)),
        ("in trouble until", trouble and trouble["until"], LONGEST_RETRY),
    ):
        if time and whole_microseconds(time) > whole_microseconds(job["clock"]) + longest:
            yield f"is {status} and {name} {time}, further ahead than the service sets"


def _history(job: Row) -> Iterator[str]:
    """Check that events are numbered from 1 to the revision, and statuses follow each other."""
    if job.get("history_deleted_at"):
        if job["status"] not in TERMINAL:
            yield f"is {job['status']}, but its events were deleted"
        return
    numbers = [number for number, _ in job["events"]]
    revision = job.get("revision")
    if revision is None and not _is_legacy(job):
        yield "has no revision"
    if not numbers:
        if revision is not None:
            yield f"is at revision {revision}, but has no events"
        return
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"has a gap in its events: {numbers}"
    statuses = [status for _, status in job["events"]]
    if numbers[-1] != revision or statuses[-1] != job["status"]:
        yield (
            f"is {job['status']} at revision {revision}, "
            f"but its last event is {statuses[-1]} at {numbers[-1]}"
        )
    ends = [status for status in statuses if status in TERMINAL]
    # A deletion and an erasure repeat the status.
    if len(ends) > 1 + bool(job.get("deleted_at")) + bool(job.get("erased_at")):
        yield f"ended more than once: {ends}"
    if any(then not in NEXT.get(now, set()) for now, then in pairwise([None, *statuses])):
        yield f"its events have an order that no job can have: {statuses}"


def _support(job: Row) -> Iterator[str]:
    """Check that a job which support ended has failed, and is in the book of the back office."""
    ended_by = job.get("ended_by")
    if ended_by is None:
        return
    if job["ended_by_action_on"] != job["id"]:
        yield f"was ended by admin_action {ended_by}, which does not exist or names another job"
    if (job["status"], job.get("error_code")) != (Status.FAILED, "interrupted"):
        yield f"was ended by support, but is {job['status']}"

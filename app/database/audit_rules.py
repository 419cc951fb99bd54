"""The audit's rules for one job's rows and for all accounts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.job import Status
from app.storage.keys import folder_of

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

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Violation:
    """A broken invariant; ``subject`` is a job, a user, a storage key or fal's request."""

    subject: str
    finding: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.finding}"


def is_delivered_here(job: Row) -> bool:
    """Return whether this service completed the job; the legacy stack made no attempts."""
    return job["status"] == Status.COMPLETED and bool(job.get("attempts"))


def check_accounts(books: Row) -> Iterator[Violation]:
    """Compare each account with its ledger entries and unfinished jobs."""
    sums = {(row["user"], row["kind"]): row["credits"] for row in books["entries"]}
    unfinished = {row["user"]: row for row in books["unfinished"]}
    for account in books["accounts"]:
        user = account["user"]
        open_jobs = unfinished.get(user, {"credits": 0, "jobs": 0})
        for name, expected in (
            ("balance", sums.get((user, "grant"), 0) - sums.get((user, "charge"), 0)),
            ("held", open_jobs["credits"]),
            ("in_flight", open_jobs["jobs"]),
        ):
            if account[name] != expected:
                yield Violation(user, f"{name} is {account[name]}, but must be {expected}")
        if not 0 <= account["held"] <= account["balance"]:
            yield Violation(
                user, f"holds {account['held']} credits of a balance of {account['balance']}"
            )
    accounts = {account["user"] for account in books["accounts"]}
    # A job of the legacy stack is charged 0 credits, which opens no account.
    for user in {user for (user, _), amount in sums.items() if amount} - accounts:
        yield Violation(user, "has ledger entries but no account")
    for job, finding in books["rows_without_a_job"]:
        yield Violation(str(job), f"{finding} but does not exist")


def check_job(job: Row) -> Iterator[Violation]:
    """Compare a job with its ledger entries, library row, request and events."""
    for rule in (_ownership, _money, _library, _schedule, _history):
        for finding in rule(job):
            yield Violation(job["id"], finding)


def _ownership(job: Row) -> Iterator[str]:
    users = {user for _, _, user in job["entries"]} | {(job["listed"] or job)["user"]}
    if users != {job["user"]}:
        yield f"belongs to {job['user']}, its ledger entries and library row to {sorted(users)}"
    folder = f"users/{folder_of(job['user'])}/library/"
    if job.get("attempts") and not (job.get("video_key") or folder).startswith(folder):
        yield f"is stored in another user's folder: {job['video_key']}"
    if job["request_owner"] not in {None, job["id"]}:
        yield f"its request belongs to {job['request_owner']}"


def _money(job: Row) -> Iterator[str]:
    entries = {kind: amount for kind, amount, _ in job["entries"]}
    if set(entries) != _expected_entries(job, held="hold" in entries):
        yield f"is {job['status']} with ledger entries {sorted(entries)}"
    if set(entries.values()) - {job.get("credits") or 0}:
        yield f"costs {job.get('credits')}, but its ledger entries are {entries}"


def _expected_entries(job: Row, *, held: bool) -> set[str]:
    """Return the kinds of a job's entries; a job of the legacy stack has no hold."""
    kinds = {"hold"} if held else set()
    if is_delivered_here(job):
        kinds.add("charge")
    if held and job["status"] in {Status.FAILED, Status.CANCELLED}:
        kinds.add("release")
    return kinds


def _library(job: Row) -> Iterator[str]:
    listed = job["listed"]
    if (listed is not None) != is_delivered_here(job):
        yield f"is {job['status']} and {'' if listed else 'not '}in the library"
    if listed is not None and listed["key"] != job.get("video_key"):
        yield f"has the key {job.get('video_key')}, but its library row has {listed['key']}"


def _schedule(job: Row) -> Iterator[str]:
    status = job["status"]
    if status in TERMINAL and (job.get("due_at") or job.get("lease")):
        yield f"is {status} but still due or leased"
    if status not in TERMINAL and job.get("stage") and not job.get("due_at"):
        yield f"is {status} but never due, so the sweep does not find it"
    has_reason = job.get("error_code") in ERROR_CODES and job.get("error")
    if status == Status.FAILED and job["events"] and not has_reason:
        yield "failed without a reason"


def _history(job: Row) -> Iterator[str]:
    """Events are numbered without a gap, the last has the job's status, none follows an end."""
    events: Sequence[Sequence[Any]] = job["events"]
    if not events:
        return
    numbers = [number for number, _ in events]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        yield f"has a gap in its events: {numbers}"
    if numbers[-1] != job.get("revision") or events[-1][1] != job["status"]:
        yield (
            f"is {job['status']} at revision {job.get('revision')}, "
            f"but its last event is {events[-1][1]} at {numbers[-1]}"
        )
    ends = [status for _, status in events if status in TERMINAL]
    if len(ends) > 1:
        yield f"ended more than once: {ends}"

"""Do the invariants hold? Over a whole database and its storage, also while the service runs."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.database.client import Database
from app.domain.job import Status
from app.storage.keys import folder_of, poster_key
from app.storage.protocol import Storage

CHUNK = 200
ERROR_CODES = {
    "fal_rejected",
    "fal_unavailable",
    "submit_unconfirmed",
    "interrupted",
    "video_rejected",
    "video_unavailable",
    "deadline_exceeded",
}

_JOBS = """
SELECT *,
  (SELECT VALUE [record::id(id)[1], credits, user] FROM
    type::record('credit_entry', [record::id($parent.id), '']..[record::id($parent.id), 'z'])
  ) AS entries,
  (SELECT VALUE job FROM ONLY type::record('fal_request', $parent.fal_request_id ?? '-')) AS bound,
  (SELECT * FROM ONLY type::record('library_video', record::id($parent.id))) AS listed,
  (SELECT VALUE [record::id(id)[1], status] FROM
    type::record('video_job_event', [record::id($parent.id), 0]..[record::id($parent.id), 1000000])
  ) AS events
FROM array::map($jobs, |$job| type::record('video_job', $job))
"""
_HOLDERS = "SELECT VALUE id FROM video_job WHERE video_key = $key LIMIT 2"
_ACCOUNTS = """
RETURN {
  accounts: (SELECT record::id(id) AS user, balance, held, in_flight FROM credit_account),
  entries: (SELECT user, kind, math::sum(credits) AS credits FROM credit_entry
    GROUP BY user, kind),
  strays: array::concat(
    (SELECT VALUE [record::id(id)[0], 'has ledger entries'] FROM credit_entry
      WHERE kind != 'grant' AND !record::exists(type::record('video_job', record::id(id)[0]))),
    (SELECT VALUE [record::id(id), 'is listed'] FROM library_video
      WHERE !record::exists(type::record('video_job', record::id(id))))),
  unfinished: (SELECT user, math::sum(credits) AS credits, count() AS jobs FROM video_job
    WHERE status NOT IN ['completed', 'failed', 'cancelled']
      AND record::exists(type::record('credit_entry', [record::id(id), 'hold']))
    GROUP BY user)
}
"""


@dataclass(frozen=True)
class Violation:
    """Something that must not be; ``subject`` is a job, an account or a storage key."""

    subject: str
    rule: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.rule}"


async def audit(database: Database, storage: Storage, *, read: bool) -> list[Violation]:
    """Return every violation; ``read`` reads each video anew instead of trusting its facts."""
    violations = [each async for each in _accounts(database)]
    keys: Counter[str] = Counter()
    requests: Counter[str] = Counter()
    async for job in _jobs(database):
        keys.update([job["video_key"]] if job.get("video_key") else [])
        requests.update([job["fal_request_id"]] if job.get("fal_request_id") else [])
        violations += _job(job)
        if _is_delivered_here(job):
            violations += [each async for each in _objects(job, storage, read=read)]
    violations += [
        Violation(shared, "belongs to two jobs")
        for shared, jobs in (keys + requests).items()
        if jobs > 1
    ]
    return violations


async def orphans(database: Database, storage: Storage) -> AsyncIterator[str]:
    """Iterate over the objects that a job stored before it ended without a video.

    They break no invariant: a service that dies after storing leaves one where fal has forgotten
    the result by the time the job is taken up again. What does not name the job as its owner is
    left out, since the bucket may serve others, and so is a key that two rows of the replaced
    stack share.
    """
    async for job in _jobs(database):
        key = job.get("video_key")
        if not key or job["status"] not in {Status.FAILED, Status.CANCELLED}:
            continue
        if len(await database.query(_HOLDERS, key=key)) > 1:
            continue
        for each in (key, poster_key(key)):
            there = await storage.find(each, read=False)
            if there is not None and there.owner == job["id"]:
                yield each


async def _jobs(database: Database) -> AsyncIterator[dict[str, Any]]:
    ids = await database.query("SELECT VALUE record::id(id) FROM video_job")
    for start in range(0, len(ids), CHUNK):
        for job in await database.query(_JOBS, jobs=ids[start : start + CHUNK]):
            yield job | {"id": job["id"].id}


async def _accounts(database: Database) -> AsyncIterator[Violation]:
    books = await database.query(_ACCOUNTS)
    sums = {(row["user"], row["kind"]): row["credits"] for row in books["entries"]}
    unfinished = {row["user"]: row for row in books["unfinished"]}
    for account in books["accounts"]:
        user = account["user"]
        owned = sums.get((user, "grant"), 0) - sums.get((user, "charge"), 0)
        open_jobs = unfinished.pop(user, {"credits": 0, "jobs": 0})
        for name, expected in (
            ("balance", owned),
            ("held", open_jobs["credits"]),
            ("in_flight", open_jobs["jobs"]),
        ):
            if account[name] != expected:
                yield Violation(user, f"{name} is {account[name]}, its jobs say {expected}")
        if not 0 <= account["held"] <= account["balance"]:
            yield Violation(user, "has promised more than it has")
    accounts = {account["user"] for account in books["accounts"]}
    # A job of the replaced stack is charged nothing, which takes no account.
    for user in {user for (user, _), amount in sums.items() if amount} - accounts:
        yield Violation(user, "has ledger entries and no account")
    for job, trace in books["strays"]:
        yield Violation(str(job), f"{trace}, and there is no such job")


def _job(job: Mapping[str, Any]) -> Iterator[Violation]:
    status, entries = job["status"], {kind: amount for kind, amount, _ in job["entries"]}
    yield from _ownership(job)
    expected = _expected_entries(job, held="hold" in entries)
    if set(entries) != expected:
        yield Violation(job["id"], f"{status} with ledger entries {sorted(entries)}")
    if set(entries.values()) - {job.get("credits") or 0}:
        yield Violation(job["id"], f"costs {job.get('credits')}, its ledger says {entries}")
    if (job["listed"] is not None) != _is_delivered_here(job):
        yield Violation(job["id"], f"{status} and {'' if job['listed'] else 'not '}listed")
    if job["listed"] is not None and job["listed"]["key"] != job.get("video_key"):
        yield Violation(job["id"], "is listed under another key")
    is_over = status in {Status.COMPLETED, Status.FAILED, Status.CANCELLED}
    if is_over and (job.get("due_at") or job.get("lease")):
        yield Violation(job["id"], f"{status} and yet to be looked at")
    if not is_over and job.get("stage") and not job.get("due_at"):
        yield Violation(job["id"], f"{status} and never looked at again")
    if status == Status.FAILED and job["events"] and not _has_reason(job):
        yield Violation(job["id"], "failed without a reason")
    yield from _history(job)


def _ownership(job: Mapping[str, Any]) -> Iterator[Violation]:
    """All that a job has left belongs to its user, and its request to it alone."""
    users = {user for _, _, user in job["entries"]} | {(job["listed"] or job)["user"]}
    if users != {job["user"]}:
        yield Violation(job["id"], f"is of {job['user']}, its traces are of {sorted(users)}")
    folder = f"users/{folder_of(job['user'])}/library/"
    if job.get("attempts") and not (job.get("video_key") or folder).startswith(folder):
        yield Violation(job["id"], f"stands in another's folder: {job['video_key']}")
    if job["bound"] not in {None, job["id"]}:
        yield Violation(job["id"], f"its request belongs to {job['bound']}")


def _has_reason(job: Mapping[str, Any]) -> bool:
    return job.get("error_code") in ERROR_CODES and bool(job.get("error"))


def _expected_entries(job: Mapping[str, Any], *, held: bool) -> set[str] | None:
    """Return the kinds of a job's entries; a job of the replaced stack has no hold."""
    match job["status"]:
        case Status.COMPLETED:
            return ({"charge"} if _is_delivered_here(job) else set()) | (
                {"hold"} if held else set()
            )
        case Status.FAILED | Status.CANCELLED:
            return {"hold", "release"} if held else set()
        case _:
            return {"hold"} if held else set()


def _history(job: Mapping[str, Any]) -> Iterator[Violation]:
    """Events are numbered without a gap, end with the job's status, and none follows an end."""
    events: Sequence[Sequence[Any]] = job["events"]
    numbers = [number for number, _ in events]
    if not events:
        return
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        yield Violation(job["id"], f"has events {numbers}")
    if numbers[-1] != job.get("revision") or events[-1][1] != job["status"]:
        yield Violation(job["id"], f"is {job['status']}, its last event says {events[-1][1]}")
    ends = [status for _, status in events if status in {"completed", "failed", "cancelled"}]
    if len(ends) > 1:
        yield Violation(job["id"], f"ended more than once: {ends}")


async def _objects(
    job: Mapping[str, Any], storage: Storage, *, read: bool
) -> AsyncIterator[Violation]:
    video = await storage.find(job["video_key"], read=read)
    if video is None:
        yield Violation(job["id"], f"completed, and nothing stands under {job['video_key']}")
    elif video.size != job["bytes"] or video.sha256 not in {job.get("sha256"), None}:
        yield Violation(job["id"], f"other bytes stand under {job['video_key']}")
    if await storage.find(job["poster_key"], read=False) is None:
        yield Violation(job["id"], f"completed, and nothing stands under {job['poster_key']}")


def _is_delivered_here(job: Mapping[str, Any]) -> bool:
    """Tell a job that this service completed from one that the replaced stack did: no claim."""
    return job["status"] == Status.COMPLETED and bool(job.get("attempts"))
